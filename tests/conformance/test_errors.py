"""One Dockerfile for every reason that BuildKit has to refuse one, held against BuildKit itself where it can judge."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imgtool.syntax import parse
from imgtool.syntax.conversion import refusal

OLDER = "the engine's BuildKit is older than the rule"
EARLY = "the engine names the line before"
RANDOM = "the engine picks one of several equally near suggestions at random"
UNSET = "an empty inline Dockerfile is none to the engine's bake"

NO_PORT = "no port specified"
OS_PATTERN = r"^([A-Za-z0-9_-]+)(?:\\(([A-Za-z0-9_.%-]*)((?:\\+[A-Za-z0-9_.%-]+)*)\\))?$"
FROM_VARIABLE = (
    "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope "
    "as a workaround"
)
TWO = "requires at least two arguments, but only one was provided. Destination could not be determined"
LABS = "device feature is only supported in Dockerfile frontend 1.14.0-labs or later"
CHMOD = "invalid chmod parameter: '{}'. it should be octal string and between 0 and 07777"
STRINGS = "when using JSON array syntax, arrays must be comprised of strings only"
UNSUPPORTED = 'failed to process "{}": unsupported modifier ({}) in substitution'
BRACE = "syntax error: missing '}'"


@dataclass(frozen=True, slots=True)
class Case:
    """A file, the line and the message of BuildKit's refusal; ``silent`` says why the engine cannot judge it."""

    text: str
    line: int
    message: str
    silent: str = ""


def run(mount: str, message: str, silent: str = "") -> Case:
    return Case(f"FROM scratch\nRUN --mount={mount} x\n", 2, message, silent)


def two(instruction: str, message: str, silent: str = "") -> Case:
    """The instruction on line 2 of a stage from scratch."""
    return Case(f"FROM scratch\n{instruction}\n", 2, message, silent)


def first(instruction: str, message: str, silent: str = "") -> Case:
    return Case(f"{instruction}\n", 1, message, silent)


LINES = {
    "empty": Case("", 1, "the Dockerfile cannot be empty", UNSET),
    "blank": Case("\n\n", 2, "file with no instructions"),
    "comments-only": Case("# a\n# b\n", 2, "file with no instructions"),
    "long-line": Case(
        "FROM scratch\nRUN " + "x" * 65535 + "\n",
        2,
        "dockerfile line greater than max allowed size of 65535",
        EARLY,
    ),
    "unknown": two("WIBBLE x", "unknown instruction: WIBBLE"),
    "unknown-near": two("RUNN x", "unknown instruction: RUNN (did you mean RUN?)"),
    "unknown-near-lower": two("copi x y", "unknown instruction: copi (did you mean copy?)"),
    "unknown-tie": two("ln x y", "unknown instruction: ln (did you mean run?)", RANDOM),
    "no-break-space": two("ENV\u00a0a=b", "unknown instruction: ENV\u00a0a=b"),
    "bom-in-the-middle": two("\ufeffRUN x", "unknown instruction: \ufeffRUN (did you mean RUN?)"),
    "two-escapes-are-no-continuation": Case("FROM scratch\nRUN a \\\\\n  b\n", 3, "unknown instruction: b"),
    "lone-escape-at-the-end": two("\\\n\n", "unknown instruction: "),
    "lone-escape-starts-the-instruction": Case(
        "FROM scratch\nRUN a\n\\\nfoo\n", 3, "unknown instruction: foo (did you mean from?)"
    ),
}

DIRECTIVES = {
    "escape-value": Case("# escape=x\nFROM scratch\n", 1, "invalid escape token 'x' does not match ` or \\"),
    "escape-twice": Case(
        "# escape=`\n# escape=`\nFROM scratch\n", 2, "only one escape parser directive can be used", EARLY
    ),
    "check-twice": Case(
        "# check=skip=A\n# check=skip=B\nFROM scratch\n",
        2,
        "only one check parser directive can be used",
        EARLY,
    ),
    "check-option": first(
        "# check=a=b\nFROM scratch", 'failed to parse check options: invalid check option "a"'
    ),
    "check-no-value": first(
        "# check=skip\nFROM scratch", 'failed to parse check options: invalid check option "skip"'
    ),
    "check-error": first(
        "# check=error=x\nFROM scratch",
        'failed to parse check options: failed to parse check option "error=x": strconv.ParseBool: parsing "x": invalid syntax',
    ),
}

FORMS = {
    "json-number": two("RUN [1]", STRINGS),
    "json-null": two('CMD ["a", null]', STRINGS),
    "json-nested": two('ENTRYPOINT [["a"]]', STRINGS),
    "json-copy": two('COPY ["a", {}, "b"]', STRINGS),
    "json-healthcheck": two("HEALTHCHECK CMD [1]", STRINGS),
    "json-onbuild": two("ONBUILD RUN [1]", STRINGS),
    "env-alone": two("ENV foo", "ENV must have two arguments"),
    "label-alone": two("LABEL foo", "LABEL must have two arguments"),
    "env-later-word": two(
        "ENV a=b c", 'Syntax error - can\'t find = in "c". Must be of the form: name=value'
    ),
    "label-later-word": two(
        'LABEL a=b "c d"', 'Syntax error - can\'t find = in "\\"c d\\"". Must be of the form: name=value'
    ),
    "env-wide-space": two(
        "ENV a=b\u3000c", 'Syntax error - can\'t find = in "c". Must be of the form: name=value'
    ),
    "env-blank": two("ENV =x", "ENV names can not be blank"),
    "label-blank": two("LABEL a=b =x", "LABEL names can not be blank"),
    "arg-blank": two("ARG =x", "ARG names can not be blank"),
    "env-none": two("ENV", "ENV requires at least one argument"),
    "label-none": two("LABEL", "LABEL requires at least one argument"),
    "arg-none": two("ARG", "ARG requires at least one argument"),
    "expose-none": two("EXPOSE", "EXPOSE requires at least one argument"),
    "volume-none": two("VOLUME", "VOLUME requires at least one argument"),
    "volume-no-paths": two("VOLUME []", "VOLUME requires at least one argument"),
    "volume-empty": two('VOLUME ["a", " "]', "VOLUME specified can not be an empty string"),
    "healthcheck-none": two("HEALTHCHECK", "HEALTHCHECK requires at least one argument"),
    "onbuild-none": two("ONBUILD", "ONBUILD requires at least one argument"),
    "shell-none": two("SHELL", "SHELL requires at least one argument"),
    "shell-no-words": two("SHELL []", "SHELL requires at least one argument"),
    "shell-words": two("SHELL bash -c", "SHELL requires the arguments to be in JSON form"),
    "shell-single-quotes": two("SHELL ['bash', '-c']", "SHELL requires the arguments to be in JSON form"),
    "user-none": two("USER", "USER requires exactly one argument"),
    "workdir-none": two("WORKDIR", "WORKDIR requires exactly one argument"),
    "stopsignal-none": two("STOPSIGNAL", "STOPSIGNAL requires exactly one argument"),
    "maintainer-none": two("MAINTAINER", "MAINTAINER requires exactly one argument"),
    "copy-one": two("COPY a", f"COPY {TWO}"),
    "copy-none": two("COPY", f"COPY {TWO}"),
    "add-one": two("ADD a", f"ADD {TWO}"),
    "add-json-one": two('ADD ["a"]', f"ADD {TWO}"),
    "copy-trailing-comma": two('COPY ["a",]', f"COPY {TWO}"),
    "from-two": first("FROM scratch AS", "FROM requires either one or three arguments"),
    "from-none": first("FROM", "FROM requires either one or three arguments"),
    "from-comment": first("FROM scratch # base", "FROM requires either one or three arguments"),
    "from-not-as": first("FROM scratch IS a", "FROM requires either one or three arguments"),
    "stage-name-digit": first(
        "FROM scratch AS 1a",
        'invalid name for build stage: "1a", name can\'t start with a number or contain symbols',
    ),
    "stage-name-symbol": first(
        "FROM scratch AS a$b",
        'invalid name for build stage: "a$b", name can\'t start with a number or contain symbols',
    ),
    "onbuild-onbuild": two("ONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
    "onbuild-from": two("ONBUILD from x", "FROM isn't allowed as an ONBUILD trigger"),
    "onbuild-maintainer": two("ONBUILD MAINTAINER x", "MAINTAINER isn't allowed as an ONBUILD trigger"),
    "healthcheck-type": two("HEALTHCHECK curl x", 'Unknown type "CURL" in HEALTHCHECK (try CMD)'),
    "healthcheck-none-args": two("HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments"),
    "healthcheck-no-command": two("HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"),
    "healthcheck-empty-command": two("HEALTHCHECK CMD []", "Missing command after HEALTHCHECK CMD"),
}

FLAGS = {
    "unknown-flag": two("COPY --wibble a b", "unknown flag: --wibble"),
    "near-flag": two("COPY --chowm=a a b", "unknown flag: --chowm (did you mean chown?)"),
    "flag-case": two("COPY --From=x a b", "unknown flag: --From (did you mean from?)"),
    "flag-of-another": two("COPY --checksum=a a b", "unknown flag: --checksum"),
    # BuildKit reads flags byte by byte
    "flag-in-latin-1": two("COPY --fromé=x a b", "unknown flag: --from\u00c3\u00a9 (did you mean from?)"),
    "flag-with-a-no-break-space": two("COPY --a\u00a0b c d", "unknown flag: --a\u00c2"),
    "healthcheck-type-in-bytes": two(
        "HEALTHCHECK a\u0445b", 'Unknown type "A\ufffd" in HEALTHCHECK (try CMD)'
    ),
    "flag-on-env": two("ENV --a b=c", "unknown flag: --a"),
    "flag-on-label": two("LABEL --a b=c", "unknown flag: --a"),
    "flag-on-cmd": two("CMD --a b", "unknown flag: --a"),
    "flag-on-entrypoint": two("ENTRYPOINT --a b", "unknown flag: --a"),
    "flag-on-shell": two('SHELL --a ["b"]', "unknown flag: --a"),
    "flag-on-user": two("USER --a b", "unknown flag: --a"),
    "flag-on-workdir": two("WORKDIR --a b", "unknown flag: --a"),
    "flag-on-expose": two("EXPOSE --a 80", "unknown flag: --a"),
    "flag-on-volume": two("VOLUME --a b", "unknown flag: --a"),
    "flag-on-maintainer": two("MAINTAINER --a b", "unknown flag: --a"),
    "flag-on-onbuild": two("ONBUILD --a RUN b", "unknown flag: --a"),
    "flag-on-from": first("FROM --a scratch", "unknown flag: --a"),
    "duplicate-flag": two("COPY --chown=a --chown=b a b", "duplicate flag specified: --chown"),
    "duplicate-bool": two("COPY --link --link=false a b", "duplicate flag specified: --link"),
    "bool-value": two("ADD --link=yes a b", "expecting boolean value for flag --link, not: yes"),
    "bool-empty": two("ADD --link= a b", "missing a value on flag: --link"),
    "string-bare": two("COPY --chown a b", "missing a value on flag: --chown"),
    "strings-bare": two("RUN --mount a", "missing a value on flag: --mount"),
    "security-bare": two("RUN --security a", "missing a value on flag: --security", OLDER),
    "exclude-bare": two("COPY --exclude a b", "missing a value on flag: --exclude", OLDER),
    "parents-value": two("COPY --parents=1 a b", "expecting boolean value for flag --parents, not: 1", OLDER),
    "network": two("RUN --network=bridge x", 'invalid network mode "bridge"'),
    "network-empty": two("RUN --network= x", 'invalid network mode ""'),
    "network-variable": two("RUN --network=$N x", 'invalid network mode "$N"'),
    "security": two("RUN --security=x x", 'security "x" is not valid', OLDER),
    "device": two("RUN --device=nvidia.com/gpu=all x", LABS),
    "device-key": two("RUN --device=a=b,nam=c x", "unexpected key 'nam' in 'nam=c' (did you mean name?)"),
    "device-field": two("RUN --device=a,b x", "invalid field 'b' must be a key=value pair"),
    "device-twice": two("RUN --device=name=a,name=b x", "device name already set to a"),
    "device-required": two("RUN --device=a,required=x x", "invalid value for required: x"),
    "device-empty": two("RUN --device= x", "failed to parse csv devices: EOF"),
    "interval-unit": two("HEALTHCHECK --interval=5 CMD x", 'time: missing unit in duration "5"'),
    "interval-unknown-unit": two("HEALTHCHECK --timeout=5d CMD x", 'time: unknown unit "d" in duration "5d"'),
    "interval-invalid": two("HEALTHCHECK --start-period=x CMD x", 'time: invalid duration "x"'),
    "interval-overflow": two("HEALTHCHECK --interval=9999999h CMD x", 'time: invalid duration "9999999h"'),
    "interval-short": two(
        "HEALTHCHECK --start-interval=1us CMD x", 'Interval "start-interval" cannot be less than 1ms'
    ),
    "interval-negative": two(
        "HEALTHCHECK --interval=-1s CMD x", 'Interval "interval" cannot be less than 1ms'
    ),
    "retries": two("HEALTHCHECK --retries=x CMD x", 'strconv.ParseInt: parsing "x": invalid syntax'),
    "retries-range": two(
        "HEALTHCHECK --retries=9999999999 CMD x", 'strconv.ParseInt: parsing "9999999999": value out of range'
    ),
    "retries-negative": two("HEALTHCHECK --retries=-1 CMD x", "--retries cannot be negative (-1)"),
    "chmod-octal": two("COPY --chmod=0999 a b", CHMOD.format("0999")),
    "chmod-range": two("COPY --chmod=17777 a b", CHMOD.format("17777")),
    "chmod-symbolic": two("ADD --chmod=u a b", "invalid syntax"),
    "checksum-local": two("ADD --checksum=sha256:0 a b", "checksum requires HTTP(S) or Git sources"),
    "checksum-sources": two(
        "ADD --checksum=x https://a/b https://a/c d", "checksum can't be specified for multiple sources"
    ),
    "checksum-format": two("ADD --checksum=x https://a/b c", "invalid checksum digest format"),
    "checksum-length": two("ADD --checksum=sha256:ab https://a/b c", "invalid checksum digest length"),
    "checksum-algorithm": two("ADD --checksum=md5:ab https://a/b c", "unsupported digest algorithm"),
    "platform": first(
        "FROM --platform=foo scratch",
        'failed to parse platform foo: "foo": unknown operating system or architecture: invalid argument',
    ),
    "platform-empty": first("FROM --platform=$x scratch", "empty platform value from expression $x"),
    "platform-near": first(
        "FROM --platform=$TARGETPLATFROM scratch",
        "empty platform value from expression $TARGETPLATFROM (did you mean TARGETPLATFORM?)",
    ),
    "platform-wildcard": first(
        "FROM --platform=linux/* scratch",
        'failed to parse platform linux/*: "linux/*": wildcards not yet supported: invalid argument',
    ),
    "platform-parts": first(
        "FROM --platform=linux/a/b/c scratch",
        'failed to parse platform linux/a/b/c: "linux/a/b/c": cannot parse platform specifier: invalid argument',
    ),
    "platform-os": first(
        "FROM --platform=a,b/c scratch",
        f'failed to parse platform a,b/c: "a,b" is an invalid OS component of "a,b/c": OSAndVersion specifier component must match "{OS_PATTERN}": invalid argument',
    ),
    "platform-part": first(
        "FROM --platform=linux/a,b scratch",
        'failed to parse platform linux/a,b: "a,b" is an invalid component of "linux/a,b": platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument',
    ),
    "platform-word": first(
        "FROM --platform=${x^} scratch",
        "failed to process arguments for platform : " + UNSUPPORTED.format("${x^}", "^"),
    ),
}

MOUNTS = {
    "mount-csv-bare-quote": run(
        "'type=a\"b'",
        'failed to parse csv mounts: parse error on line 1, column 7: bare " in non-quoted-field',
    ),
    "mount-csv-open-quote": run(
        "'\"type=a'",
        'failed to parse csv mounts: parse error on line 1, column 2: extraneous or missing " in quoted-field',
    ),
    "mount-csv-after-quote": run(
        "'\"type\"=a'",
        'failed to parse csv mounts: parse error on line 1, column 6: extraneous or missing " in quoted-field',
    ),
    "mount-empty": run("", "failed to parse csv mounts: EOF"),
    "mount-from-variable": run(
        "from=$x,target=/x", "'from' doesn't support variable expansion, define alias stage instead"
    ),
    "mount-key": run("typ=cache,target=/x", "unexpected key 'typ' in 'typ=cache' (did you mean type?)"),
    "mount-far-key": run("wibble=x,target=/x", "unexpected key 'wibble' in 'wibble=x'"),
    "mount-field": run("cache,target=/x", "invalid field 'cache' must be a key=value pair"),
    "mount-type": run("type=cach,target=/x", 'unsupported mount type "cach" (did you mean cache?)'),
    "mount-sharing": run(
        "type=cache,target=/x,sharing=lock", 'unsupported sharing value "lock" (did you mean locked?)'
    ),
    "mount-sharing-type": run(
        "type=bind,target=/x,sharing=locked", "invalid cache sharing set for bind mount"
    ),
    "mount-readonly": run("target=/x,ro=maybe", "invalid value for ro: maybe"),
    "mount-required-type": run(
        "type=cache,target=/x,required", "unexpected key 'required' for mount type 'cache'"
    ),
    "mount-required-before-type": run(
        "required=true,type=secret", "unexpected key 'required' for mount type 'bind'"
    ),
    "mount-required": run("type=secret,id=a,required=maybe", "invalid value for required: maybe"),
    "mount-size-type": run("type=cache,target=/x,size=1", "unexpected key 'size' for mount type 'cache'"),
    "mount-size": run("type=tmpfs,target=/x,size=1q", "invalid value for size: 1q"),
    "mount-mode": run("type=cache,target=/x,mode=9", "invalid value 9 for mode"),
    "mount-uid": run("type=cache,target=/x,uid=-1", "invalid value -1 for uid"),
    "mount-gid": run("type=cache,target=/x,gid=x", "invalid value x for gid"),
    "mount-mode-type": run("type=tmpfs,target=/x,mode=7", 'mode not allowed for "tmpfs" type mounts'),
    "mount-uid-type": run("target=/x,uid=1", 'uid not allowed for "bind" type mounts'),
    "mount-gid-type": run("target=/x,gid=1", 'gid not allowed for "bind" type mounts'),
    "mount-secret-from": run("type=secret,id=a,from=scratch", "secret mount should not have a from"),
    "mount-secret-sharing": run("type=secret,id=a,sharing=locked", "secret mount should not define sharing"),
    "mount-secret-nothing": run("type=secret", "invalid secret mount. one of source, target required"),
    "mount-secret-both": run("type=secret,id=a,source=b", "both source and id can't be set"),
    "mount-ssh-source": run("type=ssh,source=/x", "ssh does not support source"),
    "mount-root": run("type=cache,target=/", 'invalid mount target "/"'),
    "mount-no-target": run("type=bind", 'invalid mount target "/"'),
    "mount-relative-root": run("type=cache,target=a/..", 'invalid mount target "/"'),
    "mount-word": run("target=${x^}", UNSUPPORTED.format("${x^}", "^")),
}

HEREDOCS = {
    "heredoc-open": two("RUN <<EOF\nx", "unterminated heredoc"),
    "heredoc-trailing-space": two("RUN <<EOF\nx\nEOF ", "unterminated heredoc"),
    "heredoc-arithmetic": two("RUN echo $(( 1 << 2 ))", "unterminated heredoc"),
    "heredoc-onbuild": two("ONBUILD RUN <<EOF\nx", "unterminated heredoc"),
    "heredoc-copy-second": two("COPY <<A <<B /x\na\nA\nb", "unterminated heredoc"),
    "heredoc-destination": two("COPY a <<EOF\nx\nEOF", "COPY cannot accept a heredoc as a destination"),
    "heredoc-add-destination": two("ADD a <<EOF\nx\nEOF", "ADD cannot accept a heredoc as a destination"),
    "heredoc-body": two("COPY <<EOF /x\n${x^}\nEOF", UNSUPPORTED.format(r"${x^}\n", "^")),
}

WORDS = {
    "word-colon-equals": two("ENV a=${b:=c}", UNSUPPORTED.format("${b:=c}", ":=")),
    "word-comma": two("ENV a=${b,,}", UNSUPPORTED.format("${b,,}", ",")),
    "word-caret": two("ENV a=${b^}", UNSUPPORTED.format("${b^}", "^")),
    "word-colon-hash": two("ENV a=${b:#c}", UNSUPPORTED.format("${b:#c}", ":#")),
    "word-colon-percent": two("ENV a=${b:%c}", UNSUPPORTED.format("${b:%c}", ":%")),
    "word-slice": two("ENV a=${b:0:1}", UNSUPPORTED.format("${b:0:1}", ":0")),
    "word-braces": two("ENV a=${}", 'failed to process "${}": syntax error: bad substitution'),
    "word-colon": two("ENV a=${:x}", 'failed to process "${:x}": syntax error: bad substitution'),
    "word-two-braces": two("ENV a=${{b}}", 'failed to process "${{b}}": syntax error: bad substitution'),
    "word-open": two("ENV a=${", f'failed to process "${{": {BRACE}'),
    "word-open-name": two("ENV a=${b", UNSUPPORTED.format("${b", "\ufffd")),
    "word-open-default": two("ENV a=${b:-c", f'failed to process "${{b:-c": {BRACE}'),
    "word-open-replace": two("ENV a=${b/c", "failed to process \"${b/c\": syntax error: missing '/' in ${}"),
    "word-open-replacement": two("ENV a=${b/c/d", f'failed to process "${{b/c/d": {BRACE}'),
    "word-pattern": two(
        r"ENV a=${b#\x}",
        r'failed to process "${b#\\x}": invalid pattern (\x) in substitution: invalid escape ' + r"'\x'",
    ),
    "word-double-quote": two(
        'ENV a="b',
        'failed to process "\\"b": unexpected end of statement while looking for matching double-quote',
    ),
    "word-single-quote": two(
        "USER 'b",
        'failed to process "\'b": unexpected end of statement while looking for matching single-quote',
    ),
    "word-unset": two("ENV a=${b?}", 'failed to process "${b?}": b: is not allowed to be unset'),
    "word-unset-message": two("USER ${b:?say b}", 'failed to process "${b:?say b}": b: say b'),
    "word-empty": Case(
        "FROM scratch\nENV b=\nENV a=${b:?}\n", 3, 'failed to process "${b:?}": b: is not allowed to be empty'
    ),
    "word-same-line": two("ENV b=c a=${b?}", 'failed to process "${b?}": b: is not allowed to be unset'),
    "word-in-from": first("FROM ${b^}", UNSUPPORTED.format("${b^}", "^")),
    "word-in-global-arg": Case(
        "ARG a=${b?}\nFROM scratch\n", 1, 'failed to process "${b?}": b: is not allowed to be unset'
    ),
    "word-in-arg": two("ARG a=${b^}", UNSUPPORTED.format("${b^}", "^")),
    "word-in-label": two("LABEL a=${b^}", UNSUPPORTED.format("${b^}", "^")),
    "word-in-add": two("ADD ${b^} /x", UNSUPPORTED.format("${b^}", "^")),
    "word-in-copy": two("COPY a ${b^}", UNSUPPORTED.format("${b^}", "^")),
    "word-in-chown": two("COPY --chown=${b^} a b", UNSUPPORTED.format("${b^}", "^")),
    "word-in-chmod": two("COPY --chmod=${b^} a b", UNSUPPORTED.format("${b^}", "^")),
    "word-in-checksum": two("ADD --checksum=${b^} a b", UNSUPPORTED.format("${b^}", "^")),
    "word-in-expose": two("EXPOSE ${b^}", UNSUPPORTED.format("${b^}", "^")),
    "word-in-user": two("USER ${b^}", UNSUPPORTED.format("${b^}", "^")),
    "word-in-volume": two("VOLUME ${b^}", UNSUPPORTED.format("${b^}", "^")),
    "word-in-workdir": two("WORKDIR ${b^}", UNSUPPORTED.format("${b^}", "^")),
    "word-in-stopsignal": two("STOPSIGNAL ${b^}", UNSUPPORTED.format("${b^}", "^")),
    "word-escape-token": Case(
        "# escape=`\nFROM scratch\nENV a=\\${b^}\n", 3, UNSUPPORTED.format(r"\\${b^}", "^")
    ),
}

OPERANDS = {
    "port": two("EXPOSE http", "invalid containerPort: http"),
    "port-range": two("EXPOSE 90-80", "invalid containerPort: 90-80"),
    "port-large": two("EXPOSE 65536", "invalid containerPort: 65536"),
    "port-protocol": two("EXPOSE 80/http", 'invalid port: "80/http": invalid proto: http'),
    "port-none": two("EXPOSE /tcp", f'invalid port: "/tcp": {NO_PORT}'),
    "port-comment": two("EXPOSE 80 # web", "invalid containerPort: #"),
    "port-host": two("EXPOSE x:80", "invalid hostPort: x"),
    "port-address": two("EXPOSE 1.2.3:80:80", "invalid IP address: 1.2.3"),
    "port-ranges": two(
        "EXPOSE 80-90:1-3", "invalid ranges specified for container and host Ports: 1-3 and 80-90"
    ),
    "port-words": Case('FROM scratch\nENV p="80 x"\nEXPOSE $p\n', 3, "invalid containerPort: x"),
    "signal": two("STOPSIGNAL SIGFOO", "invalid signal: SIGFOO"),
    "signal-zero": two("STOPSIGNAL 0", "invalid signal: 0"),
    "signal-variable": Case("FROM scratch\nENV s=foo\nSTOPSIGNAL $s\n", 3, "invalid signal: foo"),
    "volume-expanded": two("VOLUME $x", "VOLUME specified can not be an empty string"),
    "copy-url": two("COPY https://a/b /x", "source can't be a URL for COPY"),
    "copy-git": two("COPY https://a/b.git /x", "source can't be a git ref for COPY"),
    "copy-scp": two("COPY git@a.b:c/d /x", "source can't be a git ref for COPY"),
    "image-format": first("FROM a:b:c", 'failed to parse stage name "a:b:c": invalid reference format'),
    "image-case": first(
        "FROM Foo",
        'failed to parse stage name "Foo": invalid reference format: repository name (library/Foo) must be lowercase',
    ),
    "image-digest": first(
        "FROM a@sha256:" + "a" * 32,
        f'failed to parse stage name "a@sha256:{"a" * 32}": invalid checksum digest length',
    ),
    "image-identifier": first(
        "FROM " + "a" * 64,
        f'failed to parse stage name "{"a" * 64}": invalid repository name ({"a" * 64}), cannot specify 64-byte hexadecimal strings',
    ),
    "image-blank": first("FROM $x", "base name ($x) should not be blank"),
    "image-scratch-case": first(
        "FROM Scratch",
        'failed to parse stage name "Scratch": invalid reference format: repository name (library/Scratch) must be lowercase',
    ),
}

STAGES = {
    "no-stage": Case("RUN x\nFROM scratch\n", 1, "no build stage in current context"),
    "no-from": Case("ARG a\nARG b\n", 2, "dockerfile contains no stages to build"),
    "stage-case": Case(
        "FROM scratch AS Base\nFROM Base\n",
        2,
        'failed to parse stage name "Base": invalid reference format: repository name (library/Base) must be lowercase',
    ),
    "copy-from-variable": two("COPY --from=$a x y", FROM_VARIABLE),
    "copy-from-quotes": two("COPY --from='\"a\"' x y", FROM_VARIABLE),
    "copy-from-index": two("COPY --from=7 x y", "invalid stage index 7"),
    "copy-from-negative": two("COPY --from=-1 x y", "invalid stage index -1"),
    "copy-from-self": two("COPY --from=0 x y", "circular dependency detected on stage: stage-0"),
    "copy-from-own-name": Case(
        "FROM scratch AS a\nCOPY --from=A x y\n", 2, "circular dependency detected on stage: a"
    ),
    "copy-from-later": Case(
        "FROM scratch AS a\nCOPY --from=b x y\nFROM scratch AS b\n",
        2,
        'cannot copy from stage "b", it needs to be defined before current stage "a"',
    ),
    "copy-from-later-index": Case(
        "FROM scratch\nCOPY --from=1 x y\nFROM scratch\n",
        2,
        'cannot copy from stage "1", it needs to be defined before current stage "stage-0"',
    ),
    "copy-from-redefined": Case(
        "FROM scratch AS a\nFROM scratch\nCOPY --from=a x y\nFROM scratch AS a\n",
        3,
        'cannot copy from stage "a", it needs to be defined before current stage "stage-1"',
    ),
    "copy-from-image": two(
        "COPY --from=Foo x y",
        'failed to parse stage name "Foo": invalid reference format: repository name (library/Foo) must be lowercase',
    ),
    "mount-from-later": Case(
        "FROM scratch AS a\nRUN --mount=from=b,target=/x y\nFROM scratch AS b\n",
        2,
        'cannot mount from stage "b" to "/x", stage needs to be defined before current command',
    ),
    "mount-from-image": run(
        "from=Foo,target=/x",
        'failed to parse stage name "Foo": invalid reference format: repository name (library/Foo) must be lowercase',
    ),
    "circle": Case(
        "FROM scratch AS a\nCOPY --from=b x y\nFROM scratch AS b\nRUN --mount=from=a,target=/x y\n",
        2,
        "circular dependency detected on stage: a",
    ),
    "trigger-arguments": Case("FROM scratch AS a\nONBUILD COPY x\nFROM a\n", 3, f"COPY {TWO}"),
    "trigger-unknown": Case(
        "FROM scratch AS a\nONBUILD RUNN x\nFROM a\n", 3, "unknown instruction: RUNN (did you mean RUN?)"
    ),
    "trigger-index": Case(
        "FROM scratch AS a\nONBUILD COPY --from=9 x y\nFROM a\n", 3, "invalid stage index 9"
    ),
    "trigger-port": Case("FROM scratch AS a\nONBUILD EXPOSE x\nFROM a\n", 3, "invalid containerPort: x"),
    "trigger-heredoc": Case(
        "FROM scratch AS a\nONBUILD COPY <<E /x\n${x^}\nE\nFROM a\n", 5, UNSUPPORTED.format(r"${x^}\n", "^")
    ),
    "lines-before-instructions": Case("FROM scratch\nRUNN x\nRUN [1]\n", 3, STRINGS),
    "instructions-before-stages": Case(
        "FROM Foo\nRUNN x\n", 2, "unknown instruction: RUNN (did you mean RUN?)"
    ),
    "stages-in-order": Case("FROM scratch\nEXPOSE x\nFROM $x\n", 3, "base name ($x) should not be blank"),
}

CASES = {**LINES, **DIRECTIVES, **FORMS, **FLAGS, **MOUNTS, **HEREDOCS, **WORDS, **OPERANDS, **STAGES}
COUNT = sum(map(len, (LINES, DIRECTIVES, FORMS, FLAGS, MOUNTS, HEREDOCS, WORDS, OPERANDS, STAGES)))

# what looks like a mistake and is none
ACCEPTED = {
    "arg-flags-are-not-read": "FROM scratch\nARG --x a\n",
    "stopsignal-flags-are-not-read": "FROM scratch\nSTOPSIGNAL --x 9\n",
    "healthcheck-none-flags-are-not-read": "FROM scratch\nHEALTHCHECK --x NONE\n",
    "run-without-arguments": "FROM scratch\nRUN\n",
    "bad-json-is-shell-form": "FROM scratch\nRUN ['a']\n",
    "empty-from-flag": "FROM scratch\nCOPY --from= a b\n",
    "zero-interval": "FROM scratch\nHEALTHCHECK --interval=0 CMD x\n",
    "trigger-of-an-unneeded-child": "FROM scratch AS a\nONBUILD COPY x\nFROM a AS b\nFROM scratch\n",
    "trigger-of-no-child": "FROM scratch\nONBUILD COPY x\n",
    "index-of-an-image": "FROM scratch\nRUN --mount=type=cache,target=/x y\nCOPY --from=1 a b\n",
    "dollar-at-the-end-of-from": "FROM scratch\nRUN --mount=from=scratch,target=/x$ y\n",
    "escaped-variable": "FROM scratch\nENV a=\\${b^}\n",
    "single-quoted-variable": "FROM scratch\nENV a='${b^}'\n",
    "run-text-is-the-shells": "FROM scratch\nRUN echo ${b^}\n",
    "cmd-text-is-the-shells": "FROM scratch\nCMD echo ${b^}\n",
    "quoted-heredoc-body": "FROM scratch\nCOPY <<'E' /x\n${b^}\nE\n",
    "quotes-in-a-heredoc-body": "FROM scratch\nCOPY <<E /x\n'a\nE\n",
    "copy-scp-without-user": "FROM scratch\nCOPY a:b /x\n",
    "chmod-symbolic": "FROM scratch\nCOPY --chmod=u=rwX,go-w a b\n",
    "ports": "FROM scratch\nEXPOSE 80 443/TCP 90-99/udp 8080:80 1.2.3.4:1:2 [::1]:1:2 ::1:1:2\n",
    "sizes": "FROM scratch\nRUN --mount=type=tmpfs,target=/x,size=1.5GiB --mount=type=tmpfs,target=/y,size=.5e3kb z\n",
    "digest-like-tag": "FROM scratch AS a.b-c_d\nFROM a.b-c_d\n",
    "platforms": "FROM --platform=linux/arm64/v8 scratch\nFROM --platform=$BUILDPLATFORM scratch\n",
    "check-options": "# check=skip=all;error=false\nFROM scratch\n",
    "duplicate-names": "FROM scratch AS a\nFROM scratch AS a\nFROM scratch\nCOPY --from=a b c\n",
}
# the engine would have to ask for an image, which it must not
UNKNOWN = {
    "argument-may-be-given": "ARG B\nFROM ${B?}\n",
    "base-may-set-it": "FROM debian\nENV a=${b?}\n",
    "base-sets-the-folder": "FROM debian\nRUN --mount=type=bind x\n",
    "device-with-labs": "# syntax=docker/dockerfile:1-labs\nFROM scratch\nRUN --device=a x\n",
}


@pytest.mark.parametrize("name", CASES)
def test_refusal(name: str) -> None:
    case = CASES[name]
    found = refusal(parse(case.text.encode()))
    assert found is not None
    assert (found.line, found.message) == (case.line, case.message)


def test_no_case_hides_another() -> None:
    assert len(CASES) == COUNT


@pytest.mark.parametrize("name", [*ACCEPTED, *UNKNOWN])
def test_no_refusal(name: str) -> None:
    text = (ACCEPTED | UNKNOWN)[name]
    assert parse(text.encode()).problems == ()


@pytest.mark.engine
def test_engine_refuses_the_same(tmp_path: Path) -> None:
    judged = {name: case for name, case in CASES.items() if case.silent not in (OLDER, UNSET, RANDOM)}
    answers = _engine({name: case.text for name, case in judged.items()}, tmp_path)
    assert {name: _told(answers[name]) for name in judged} == {
        name: case.message for name, case in judged.items()
    }
    lines = {
        name: line + (judged[name].silent == EARLY)
        for name in judged
        if (line := _line(answers[name])) is not None
    }
    # many refusals of the stage pass carry no place, but most do
    assert len(lines) > len(judged) * 0.9
    assert lines == {name: judged[name].line for name in lines}


@pytest.mark.engine
def test_engine_accepts_the_same(tmp_path: Path) -> None:
    answers = _engine(ACCEPTED, tmp_path)
    assert {name: _told(answers[name]) for name in ACCEPTED} == dict.fromkeys(ACCEPTED, "")


# one command asks for many files, but more at once than this the engine cancels
AT_ONCE = 40


def _engine(texts: dict[str, str], folder: Path) -> dict[str, dict[str, Any]]:
    """What BuildKit's own check says of each file."""
    names = list(texts)
    answers: dict[str, dict[str, Any]] = {}
    for start in range(0, len(names), AT_ONCE):
        answers |= _ask({name: texts[name] for name in names[start : start + AT_ONCE]}, folder)
    return answers


def _ask(texts: dict[str, str], folder: Path) -> dict[str, dict[str, Any]]:
    targets = {
        name: {"context": ".", "dockerfile-inline": text.replace("${", "$${").replace("%{", "%%{")}
        for name, text in texts.items()
    }
    plan = {"group": {"default": {"targets": list(targets)}}, "target": targets}
    (folder / "bake.json").write_text(json.dumps(plan))
    done = subprocess.run(
        ["docker", "buildx", "bake", "--call=check,format=json", "-f", "bake.json"],
        cwd=folder,
        capture_output=True,
        timeout=300,
        check=False,
    )
    if not done.stdout and b"unknown flag: --call" in done.stderr:
        pytest.skip("this docker command does not check files")
    return {name: target["check"] for name, target in json.loads(done.stdout)["target"].items()}


def _told(answer: dict[str, Any]) -> str:
    message = str(answer.get("buildError", {}).get("message", ""))
    start, colon, rest = message.partition(": ")
    return rest if colon and start.startswith("dockerfile parse error on line ") else message


def _line(answer: dict[str, Any]) -> int | None:
    places = answer.get("buildError", {}).get("location", {}).get("ranges", [])
    lines = [place["start"]["line"] for place in places if place["start"].get("line")]
    return min(lines) if lines else None
