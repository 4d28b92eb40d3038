"""What BuildKit does with each instruction: a paragraph each, for hovering over the keyword.

Behaviour as of the Dockerfile frontend 1.x (https://docs.docker.com/reference/dockerfile/).
"""

from __future__ import annotations

KEYWORDS = {
    "FROM": "Begins a stage on an image, on an earlier stage of the file, or on nothing (`scratch`). Only the ARGs"
    " above the first FROM can be used here, and they are gone in the stage until it declares them again. Stages that"
    " the target does not need are not built; nothing of a stage ships but what is copied from it, or all of it in the"
    " stages FROM it.",
    "RUN": "Runs a command in the stage and keeps what it changed as one layer. A file that a later RUN deletes is still"
    " in this layer. The layer is reused while the text, the values of declared ARGs and everything above are the same;"
    " what a command downloads is not looked at. What stands in a cache, bind, tmpfs or secret mount is not in the layer.",
    "COPY": "Copies files from the build context, or with `--from` from a stage or an image, into one layer. The layer"
    " is reused while the contents of the files are the same, so copy what changes seldom first. Changing owner or mode"
    " in a later RUN stores every file a second time: `--chown` and `--chmod` do not.",
    "ADD": "Copies like COPY, and beyond that unpacks local tar archives, downloads URLs and clones git repositories."
    " A downloaded archive is not unpacked. `--checksum` holds a download to its digest.",
    "ENV": "Sets a variable for the instructions that follow and for every container of the image. It cannot be taken"
    " out of the image again, and its value is read by everyone who has the image. A variable for the build alone is an"
    " ARG.",
    "ARG": "Declares a variable that the build can set with `--build-arg`; it lasts until the stage ends and is not in"
    " the container's environment. Its value shows in the image's history, so it is no place for a secret. From the line"
    " of its declaration on, another value means that RUNs are not reused.",
    "CMD": "The command of a container that is started without one, or the arguments of ENTRYPOINT. Only the last of a"
    " stage counts. In shell form a shell is process 1, and signals such as that of `docker stop` may not reach the"
    " program; the JSON form starts the program itself.",
    "ENTRYPOINT": "The program that every container of the image starts; CMD and the words after `docker run IMAGE` are"
    " its arguments. In shell form it takes none of them. Only the last of a stage counts, and setting it forgets the"
    " base image's CMD.",
    "WORKDIR": "The folder in which the following instructions and the container start; it is made where it is missing."
    " A relative path continues the one before. A `cd` in a RUN ends with that RUN.",
    "USER": "The user, and group, that the following RUNs and the container run as. COPY and ADD still write as root"
    " unless `--chown` says otherwise. A user by name must be in the image's `/etc/passwd`.",
    "LABEL": "Adds metadata to the image's configuration, no layer. A label of the base image with the same key is"
    " replaced.",
    "EXPOSE": "Documents the ports that the program listens on. Nothing is published by it: `docker run -p` does that,"
    " and `-P` publishes those that stand here.",
    "VOLUME": "Declares folders that get a volume of their own in every container. What later RUNs change in them may"
    " not be kept, and a child image cannot take the declaration back.",
    "SHELL": "The program and its options that run the shell forms of RUN, CMD and ENTRYPOINT from here on, in this"
    " stage and in the images built on it. `pipefail` belongs here where pipes are used.",
    "HEALTHCHECK": "A command by which the engine asks whether the program still works; only the last of a stage counts,"
    " `NONE` turns the base image's off. The first answers count after the start period. Kubernetes does not read it.",
    "STOPSIGNAL": "The signal that `docker stop` sends to process 1 before it kills it, `SIGTERM` without it.",
    "ONBUILD": "Keeps an instruction for later: it runs when another build says FROM this image, right after that FROM."
    " In this build nothing happens.",
    "MAINTAINER": "Sets the author field of the image. It is deprecated: the label"
    " `org.opencontainers.image.authors` says the same where tools read it.",
}
"""Paragraphs of CommonMark by keyword."""
