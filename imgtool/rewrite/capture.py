"""What build commands leave behind, found out in the builder and taken over into the stage that ships.

A list of every path stands before the first of them. Behind the last, all whose inode changed since then is put
aside (ctime: it also sees moves, owners, modes and back-dated files, which a file's own time does not show), with its
folders, owners, modes, links and extended attributes; what is gone is listed. The final stage gets these files and
loses those paths. Packages and users are not among them: their commands are replayed, since databases must not be
copied from one image into another. A shared library that was found in the builder and is not in the final stage
fails the build.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from imgtool.families.caches import package_caches

BEFORE = "/.before"
FOLDER = "/captured"

# in a folder that every user may write to
_WATCH = "/tmp/.before"  # noqa: S108 - inside of a build
_DATABASES = (
    "/var/lib/dpkg/status",
    "/var/lib/rpm/Packages",
    "/var/lib/rpm/rpmdb.sqlite",
    "/etc/passwd",
    "/etc/group",
)

# mounted while building, or belonging to the image that they are on
_NEVER = (
    r"(tmp/)?\.before[0-9]*",
    "captured",
    "proc",
    "sys",
    "dev",
    r"etc/(hosts|hostname|resolv\.conf|mtab|ld\.so\.cache)",
    r"etc/(passwd|group|g?shadow|sub[ug]id)-?",
    "var/lib/(dpkg|apt|rpm|dnf|yum)",
    "usr/lib/sysimage/rpm",
)
# scratch by the Filesystem Hierarchy Standard
_SCRATCH = ("tmp", "var/tmp")
_HOMES = "(root|home/[^/]+)"
# what installing packages makes that no package owns
_OF_PACKAGES = (
    "etc/alternatives",
    "usr/share/(info/dir|python3)",
    "usr/lib/python3.*/__pycache__",
    r"var/cache/(apt|dnf|yum|debconf|ldconfig|man|fontconfig)",
    r"var/log/(apt|(dpkg|alternatives|fontconfig|bootstrap|dnf.*|yum)\.log)",
)


def note() -> str:
    """The instruction before the first captured one, with its comment."""
    return f"# what is there before the build\nRUN find / -xdev -print0 | LC_ALL=C sort -z > {BEFORE}"


def watch(number: int) -> str:
    """The instruction before a command of unknown effect."""
    return f"RUN touch {_WATCH}{number}"


def guard(number: int) -> str:
    """The one behind it: fails the build where the command installed packages or made users."""
    return (
        "# the image that ships would lack packages and users that this makes\n"
        f"RUN for made in {' '.join(_DATABASES)}; do [ ! $made -nt {_WATCH}{number} ] || exit 1; done"
    )


def collect(managers: Collection[str], *, scratch: bool, packages: bool) -> str:
    """The instruction behind the last captured one; the caches of ``managers`` stay there.

    ``scratch``: temporary folders are taken as well. ``packages``: deb packages were installed in between, whose
    own files the final stage gets from them.
    """
    skip = "|".join(_skipped(managers=managers, scratch=scratch, packages=packages))
    owned = f" \\\n && {_OWNED}" if packages else ""
    less = " | LC_ALL=C comm -z23 - captured/owned" if packages else ""
    links = " ! -lname '/etc/alternatives/*'" if packages else ""
    return f"""\
# what the build made, without caches, and what it removed
RUN skip='({skip})' \\
 && mkdir -p {FOLDER}/files && cd /{owned} \\
 && find . -xdev -regextype egrep -regex "\\./$skip" -prune -o -cnewer .before{links} -print0 \\
    | LC_ALL=C sort -z{less} | sed -zn ':a;p;s,/[^/]*$,,;ta' | LC_ALL=C sort -zu > captured/list \\
 && tar -c --xattrs --no-recursion --null -T captured/list \\
    | tar -x --xattrs --xattrs-include='*' -C captured/files \\
 && find / -xdev -print0 | LC_ALL=C sort -z | LC_ALL=C comm -z23 .before - \\
    | {{ grep -zvE "^/$skip(/|$)" || [ $? = 1 ]; }} > captured/gone \\
 && (cd captured/files && find . -type f \\( -perm /111 -o -name '*.so*' \\) -print0) > captured/programs \\
 && {{ {_UNRESOLVED} || [ $? = 1 ]; }} > captured/missing"""


# files of packages that were installed since, but for those that were changed after their package's list was written;
# also below /usr, where folders of / are links into it
_OWNED = r"""paths() { sed 's,^,.,;p;s,^\./\(s*bin\|lib[^/]*\)/,./usr/\1/,' | tr '\n' '\0' | LC_ALL=C sort -zu; } \
 && find var/lib/dpkg/info -name '*.list' -cnewer .before > captured/lists \
 && while read -r list; do \
      xargs -r -d '\n' -a "$list" sh -c 'find "$@" -maxdepth 0 -cnewer "$0" 2>/dev/null' "$list" || true; \
    done < captured/lists | paths > captured/edited \
 && xargs -r cat < captured/lists | paths | LC_ALL=C comm -z23 - captured/edited > captured/owned"""
_UNRESOLVED = "{ xargs -0r ldd < captured/programs 2>&1 || true; } | grep 'not found'"


def settle(builder: str, *, libraries: bool) -> str:
    """The instruction behind the copy in the final stage. ``libraries``: the linker's cache is made anew."""
    ldconfig = "ldconfig && " if libraries else ""
    return f"""\
# removes what the build removed; fails where a library is missing that was found in the builder
RUN --mount=type=bind,from={builder},source={FOLDER},target={FOLDER} \\
    xargs -0r rm -rf < {FOLDER}/gone && {ldconfig}cd / \\
 && missing="$({_UNRESOLVED} | grep -vxFf captured/missing || [ $? = 1 ])" \\
 && echo "$missing" && [ -z "$missing" ]"""


def copy(builder: str) -> str:
    """The instruction that takes what was captured over."""
    return f"COPY --from={builder} {FOLDER}/files/ /"


def _skipped(*, managers: Collection[str], scratch: bool, packages: bool) -> Iterator[str]:
    yield from _NEVER
    yield from () if scratch else _SCRATCH
    yield from _OF_PACKAGES if packages else ()
    used = [row for row in package_caches() if set(managers) & set(row.managers)]
    folders = sorted({re.escape(folder) for row in used for folder in row.folders})
    below_home = [folder for folder in folders if not folder.startswith("/")]
    if below_home:
        yield f"{_HOMES}/({'|'.join(below_home)})"
    yield from (f[1:] for f in folders if f.startswith("/") and not f.startswith("/var/"))
