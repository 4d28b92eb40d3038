from __future__ import annotations

import pytest
from archives import classic, files, layer, oci
from looked import looked_at

from imgtool.report.sizes_text import Look, text
from imgtool.report.style import Style
from imgtool.values import replace

HISTORY = [{"created_by": "COPY . . # buildkit"}, {"created_by": "RUN /bin/sh -c rm -r d # buildkit"}]
LAYERS = [layer("d/, d/a 3000000, b 1000000"), layer(".wh.d")]
IMAGE = files(classic(LAYERS, history=HISTORY))
PLAIN = Look(Style(), width=110, glyphs=False)


def test_measures_and_layers_alone() -> None:
    shown = text([looked_at(IMAGE, top=0, base="base.tar", marginal=10_240)], PLAIN).splitlines()
    assert shown[1].startswith("  config sha256:")
    del shown[1]
    assert (
        [line.rstrip() for line in shown]
        == """\
image.tar  (docker-archive, linux/amd64, none)
  transfer       unknown                        this source keeps layers uncompressed
  unpacked        4.0 MB       4,014,080 bytes  layer tars: what unpacking writes
  flattened       1.0 MB       1,000,000 bytes  file content to be seen in the end
  waste           3.0 MB       3,000,000 bytes  overwritten, deleted or copied by a later layer: 75.0% of all file content
  marginal         10 kB          10,240 bytes  unpacked, over base.tar

  unpacked     content       waste    transfer                    layer
    4.0 MB      4.0 MB                 unknown  ################  1. COPY . .
     10 kB         0 B                 unknown                    2. RUN rm -r d
""".splitlines()
    )


def test_what_the_bytes_are() -> None:
    content = "usr/lib/libc.so.6 600000, usr/lib/libz.so.1 200000, usr/share/doc/x 100000, opt/same 50000, opt/twin 50000"
    shown = text([looked_at(files(oci([layer(f"gone 4000, {content}"), layer(".wh.gone")])))], PLAIN)
    assert (
        shown.partition("\n\n  waste")[2].splitlines()
        == """\
: 4 kB deleted (IMG202)
      4 kB  deleted      /gone  (layer 1, by layer 2)

  folders
    900 kB   90.0%  ##############    |- /usr  3 files
    800 kB   80.0%  ############      |  |- lib  2 files
    100 kB   10.0%  #                 |  `- share/doc  1 file
    100 kB   10.0%  #                 `- /opt  2 files

  files
    600 kB   60.0%  #########         /usr/lib/libc.so.6  layer 1, libraries
    200 kB   20.0%  ###               /usr/lib/libz.so.1  layer 1, libraries
    100 kB   10.0%  #                 /usr/share/doc/x  layer 1, documentation
     50 kB    5.0%                    /opt/same  layer 1
     50 kB    5.0%                    /opt/twin  layer 1

  kinds
    800 kB   80.0%  ############      shared libraries of the system  (2 files)
    100 kB   10.0%  #                 documentation and manual pages  (1 file)
    100 kB   10.0%  #                 everything else  (2 files)

  the same content at several paths: 50 kB more than one of each
     50 kB  2 x 50 kB: /opt/same, /opt/twin

  what removes it
      4 kB  IMG202 deleted-later: imgtool explain IMG202
""".splitlines()
    )


def test_what_was_not_read_is_not_known() -> None:
    known = looked_at(files(oci([layer("a 5000")])), top=0)
    image = known.measures.image
    unread = replace(image, layers=tuple(replace(one, unpacked=None, content=None) for one in image.layers))
    bare = replace(known.measures, image=unread, unpacked=None, flattened=None, waste=None)
    shown = text([replace(known, measures=bare)], PLAIN)
    assert shown.count("unknown                        the layers were not read\n") == 3
    assert "unknown     unknown                    " in shown


def test_bars_in_eighths() -> None:
    shown = text([looked_at(files(oci([layer("a 80000, b 20000")])))], Look(Style()))
    assert "  80.0%  ████████████▊     /a" in shown
    assert "  20.0%  ███▎              /b" in shown


def test_lines_are_cut_to_the_terminal() -> None:
    history = [{"created_by": "RUN " + "x" * 200}]
    image = looked_at(files(classic([layer("a 1")], history=history)), top=0)
    widths = {
        width: max(map(len, text([image], Look(Style(), width)).splitlines()[6:])) for width in (0, 130, 200)
    }
    assert widths == {0: 126, 130: 130, 200: 159}


@pytest.mark.parametrize("name", ["\x1b[2J", "\udcff", "[/dev]", "[red]x"])
def test_a_name_moves_no_terminal(name: str) -> None:
    shown = text([looked_at(files(classic([layer(f"{name} 5000")])))], Look(Style()))
    assert "\x1b" not in shown
    assert ("[red]x" in shown) == (name == "[red]x")


def test_nothing() -> None:
    assert text([], PLAIN) == ""
    assert "waste" in text([looked_at(files(oci([])))], PLAIN)
