"""What build commands leave behind, found out in the builder and taken over into the stage that ships.

A list of every path stands before the first of them. Behind the last, all whose inode changed since then is put
aside (ctime: it also sees moves, owners, modes and back-dated files, which a file's own time does not show), with its
folders, owners, modes, links and extended attributes; what is gone is listed. The final stage gets these files and
loses those paths. Packages and users are not among them: their commands are replayed, since databases must not be
copied from one image into another. A shared library or an interpreter that was found in the builder and is not in
the final stage fails the build.

The builder needs GNU findutils, sed, grep, tar and coreutils, the final stage a shell, ldd, sed, grep and coreutils.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from imgtool.families.caches import package_caches

BEFORE = "/.before"
FOLDER = "/captured"

# in a folder that every user may write to
_WATCH = "/tmp/.before"  # noqa: S108 - inside of a build
# by the format of the packages
_DATABASES = {
    "deb": ("/var/lib/dpkg/status",),
    "rpm": (
        "/var/lib/rpm/Packages",
        "/var/lib/rpm/rpmdb.sqlite",
        "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    ),
}
_USERS = ("/etc/passwd", "/etc/group")

# mounted while building, or belonging to the image that they are on
_NEVER = (
    r"(tmp/)?\.before[^/]*",
    "captured",
    "proc|sys|dev",
    r"etc/(hosts|hostname|resolv\.conf|mtab|ld\.so\.cache)",
    r"etc/(passwd|group|g?shadow|sub[ug]id)-?",
)
_STATES = {"deb": ("var/lib/(dpkg|apt)",), "rpm": ("var/lib/(rpm|dnf|yum)", "usr/lib/sysimage/rpm")}
# scratch by the Filesystem Hierarchy Standard
_SCRATCH = ("(var/)?tmp",)
_HOMES = "(root|home/[^/]+)"
# what installing packages makes that no package owns
_OF_PACKAGES = {
    "deb": (
        "etc/alternatives",
        "usr/share/(info/dir|python3)",
        "usr/lib/python3.*/__pycache__",
        "var/cache/(apt|debconf|ldconfig|man|fontconfig)",
        r"var/log/(apt|(dpkg|alternatives|fontconfig|bootstrap)\.log)",
    ),
    "rpm": ("var/cache/(dnf|yum|ldconfig)", r"var/log/(dnf[^/]*|yum)\.log"),
}


def note(*, packages: bool = False) -> str:
    """The instruction before the first captured one, with its comment. ``packages`` as in :func:`collect`."""
    owned = f" \\\n && cat /var/lib/dpkg/info/*.list > {BEFORE}-owned" if packages else ""
    return f"# what is there before the build\nRUN cd / && find . -xdev -print0 | LC_ALL=C sort -z > {BEFORE}{owned}"


def watch(number: int) -> str:
    """The instruction before a command of unknown effect."""
    return f"RUN touch {_WATCH}{number}"


def guard(number: int, formats: Collection[str]) -> str:
    """The one behind it: fails the build where the command installed packages or made users.

    ``formats``: ``deb`` or ``rpm``, or both where it is not known which packages the image has.
    """
    files = [*(file for one in sorted(formats) for file in _DATABASES[one]), *_USERS]
    # rpm has one of several
    quiet = " 2>/dev/null" if "rpm" in formats else ""
    return (
        "# the image that ships would lack packages and users that this makes\n"
        f'RUN [ -z "$(find {" ".join(files)} -newer {_WATCH}{number}{quiet} | tee /dev/stderr)" ]'
    )


def collect(managers: Collection[str], formats: Collection[str], *, scratch: bool, packages: bool) -> str:
    """The instructions behind the last captured one; the caches of ``managers`` stay there.

    ``formats`` as in :func:`guard`. ``scratch``: temporary folders are taken as well. ``packages``: deb packages
    were installed or removed in between, whose own files the final stage gets and loses by them.
    """
    skip = " \\\n    ".join(
        f"'{one}'" for one in _skipped(managers, formats, scratch=scratch, packages=packages)
    )
    made, removed = (_LESS.format("owned"), _LESS.format("uninstalled")) if packages else ("", "")
    links = " ! -lname '/etc/alternatives/*'" if packages else ""
    return f"""\
# what stays behind: databases of packages and users, caches, and what belongs to the builder itself
RUN mkdir -p {FOLDER}/files && printf '^[.]/(%s)(/|$)\\n' \\
    {skip} \\
    > {FOLDER}/skip
{_OWNED if packages else ""}\
# what was made or changed, with its folders
RUN cd / && find . -xdev -cnewer .before ! -type s{links} -print0 \\
    | {{ LC_ALL=C grep -zvEf captured/skip || [ $? = 1 ]; }} | LC_ALL=C sort -z{made} \\
    | sed -zn ':a;p;s,/[^/]*$,,;ta' | LC_ALL=C sort -zu > captured/list \\
 && tar -c --xattrs --no-recursion --null -T captured/list \\
    | tar -x --xattrs --xattrs-include='*' -C captured/files \\
 && cd captured/files && find . -print0 | LC_ALL=C sort -z | LC_ALL=C comm -z13 - ../list > ../lost && [ ! -s ../lost ]
# what was removed
RUN cd / && find . -xdev -print0 | LC_ALL=C sort -z | LC_ALL=C comm -z23 .before -{removed} \\
    | {{ LC_ALL=C grep -zvEf captured/skip || [ $? = 1 ]; }} \\
    | LC_ALL=C sed -z "{_QUOTE};s/.*/rm -rf '&'/" | tr '\\0' '\\n' > captured/gone
# which libraries and interpreters programs lack here
{_CHECK}"""


_LESS = " | LC_ALL=C comm -z23 - captured/{}"
# for a shell, between quotes
_QUOTE = r"s/'/'\\\\''/g"

# also below /usr, where folders of / are links into it
_OWNED = r"""# files of packages: of those installed since, but for what was edited afterwards, and of those removed
RUN cd / && paths() { sed 's,^,.,;p;s,^\./\(s*bin\|lib[^/]*\)/,./usr/\1/,' | tr '\n' '\0' | LC_ALL=C sort -zu; } \
 && find var/lib/dpkg/info -name '*.list' -cnewer .before > captured/lists \
 && while read -r list; do \
      xargs -r -d '\n' -a "$list" sh -c 'find "$@" -maxdepth 0 -cnewer "$0" 2>/dev/null' "$list" || true; \
    done < captured/lists | paths > captured/edited \
 && xargs -r cat < captured/lists | paths | LC_ALL=C comm -z23 - captured/edited > captured/owned \
 && cat var/lib/dpkg/info/*.list | paths > captured/installed \
 && paths < .before-owned | LC_ALL=C comm -z23 - captured/installed > captured/uninstalled
"""

# what examples of git and files of Debian's packaging name is run by nobody
_CHECK = r"""RUN printf '%s\n' > /captured/check \
    'lacks() {' \
    '  { ldd "$1" || true; } 2>&1 | while read -r line; do' \
    '    case $line in *"not found"*) echo "$1: $line";; esac' \
    '  done' \
    '  case $1 in */.git/*|*/debian/rules) return 0;; esac' \
    '  by="$(head -c 256 "$1" | LC_ALL=C sed -n "1s,^#! *\(/usr/bin/env *\)*\([^ ]*\).*,\2,p")"' \
    '  command -v "${by:-sh}" > /dev/null || echo "$1: $by not found"' \
    '}' \
 && cd /captured/files && find . -type f \( -perm /111 -o -name '*.so*' \) -print0 \
    | LC_ALL=C sed -z "QUOTE;s/.*/lacks '&'/" | tr '\0' '\n' >> /captured/check \
 && cd / && sh captured/check > captured/missing""".replace("QUOTE", _QUOTE)


def settle(builder: str, *, libraries: bool) -> str:
    """The instruction behind the copy in the final stage. ``libraries``: the linker's cache is made anew."""
    ldconfig = " && ldconfig" if libraries else ""
    return f"""\
# removes what the build removed; fails where a library or an interpreter is missing that the builder has
RUN --mount=type=bind,from={builder},source={FOLDER},target={FOLDER} \\
    cd / && sh captured/gone{ldconfig} && lacking="$(sh captured/check)" \\
 && ! printf '%s\\n' "$lacking" | grep -vxF -e '' -f captured/missing"""


def copy(builder: str) -> str:
    """The instruction that takes what was captured over."""
    return f"COPY --from={builder} {FOLDER}/files/ /"


def _skipped(
    managers: Collection[str], formats: Collection[str], *, scratch: bool, packages: bool
) -> Iterator[str]:
    yield from _NEVER
    yield from () if scratch else _SCRATCH
    for one in sorted(formats):
        yield from _STATES[one]
        yield from _OF_PACKAGES[one] if packages else ()
    used = [row for row in package_caches() if set(managers) & set(row.managers)]
    folders = sorted({re.escape(folder) for row in used for folder in row.folders})
    below_home = [folder for folder in folders if not folder.startswith("/")]
    if below_home:
        yield f"{_HOMES}/({'|'.join(below_home)})"
    yield from (f[1:] for f in folders if f.startswith("/") and not f.startswith("/var/"))
