"""Files that are not what they say, carry something along, or act: none is ever viewable."""

from __future__ import annotations

import asyncio
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from referral.attachments import BY_TYPE, Form, form_of
from referral.attachments.scanning import ScannerDownError, clamd, without
from referral.attachments.verdicts import Refused, Viewable

MB = 1_000_000
GPS = 34853


def photograph(form: str = "JPEG", size: tuple[int, int] = (40, 30), turned: int = 1) -> bytes:
    """A picture as a telephone makes it: with its place and how it was held."""
    exif = Image.Exif()
    exif[GPS] = {1: "S", 2: (34.0, 36.0, 12.0), 3: "W", 4: (58.0, 22.0, 54.0)}
    exif[0x0110] = "Telephone of Amal"
    exif[0x0112] = turned
    out = io.BytesIO()
    Image.new("RGB", size, (200, 120, 40)).save(out, form, exif=exif)
    return out.getvalue()


def document(change: Callable[[pikepdf.Pdf], None] = lambda _: None, pages: int = 1) -> bytes:
    """A PDF of empty pages, changed before it is written."""
    made = pikepdf.new()
    for _ in range(pages):
        made.add_blank_page()
    made.docinfo["/Author"] = "Amal Doe"
    change(made)
    out = io.BytesIO()
    made.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


def archive() -> bytes:
    """A ZIP with one file in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("run.js", "alert(1)")
    return out.getvalue()


def seen(name: str, content: bytes) -> Viewable | Refused:
    """What becomes of a file from its arrival to its verdict."""
    form = form_of(name, content, 10 * MB)
    return form if isinstance(form, Refused) else form.seen(content)


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.jpg", photograph(), "image/jpeg"),
        ("a.JPEG", photograph(), "image/jpeg"),
        ("a.png", photograph("PNG"), "image/png"),
        ("a.b.pdf", document(), "application/pdf"),
    ],
)
def test_what_is_what_it_says_is_viewable_without_what_it_told(
    name: str, content: bytes, form: str
) -> None:
    found = form_of(name, content, MB)
    assert isinstance(found, Form)
    assert found is BY_TYPE[form]
    view = found.seen(content)
    assert isinstance(view, Viewable), view
    for told in (b"Amal", b"Telephone", b"Exif", "Amal".encode("utf-16-be")):
        assert told not in view.copy
    assert isinstance(found.seen(view.copy), Viewable)  # the copy passes itself


def test_a_photograph_stands_upright_and_says_no_place() -> None:
    view = seen("a.jpg", photograph(turned=6))
    assert isinstance(view, Viewable)
    with Image.open(io.BytesIO(view.copy)) as copy:
        assert copy.size == (30, 40)
        assert dict(copy.getexif()) == {}
        assert "exif" not in copy.info


def _bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is as large as a house."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        packed = struct.pack(">I", len(body)) + kind + body
        return packed + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    points = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", points) + chunk(b"IEND", b"")
    )


def _animated() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), (n, n, n)) for n in (0, 200)]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    return out.getvalue()


def _with(name: str, value: pikepdf.Object) -> Callable[[pikepdf.Pdf], None]:
    def change(made: pikepdf.Pdf) -> None:
        made.Root[name] = value

    return change


def _on_a_page(made: pikepdf.Pdf) -> None:
    act = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="run.exe")
    deep = pikepdf.Array([pikepdf.Dictionary(Subtype=pikepdf.Name.Link, A=act)])
    made.pages[0].obj["/Annots"] = deep


def _attached(made: pikepdf.Pdf) -> None:
    made.attachments["run.js"] = b"alert(1)"


def _locked() -> bytes:
    out = io.BytesIO()
    made = pikepdf.new()
    made.add_blank_page()
    made.save(out, encryption=pikepdf.Encryption(user="", owner="kept"))
    return out.getvalue()


JS = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
ENTRY = b"\xff\xd9"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.jpg", b"", "empty"),
        ("a.jpg", bytes(10 * MB + 1), "too-large"),
        ("a.exe", photograph(), "kind-not-allowed"),
        ("a", photograph(), "kind-not-allowed"),
        ("a.jpg.html", photograph(), "kind-not-allowed"),
        ("a.svg", b"<svg onload=alert(1)>", "kind-not-allowed"),
        ("a.docm", archive(), "kind-not-allowed"),
        ("a.jpg", b"<script>alert(1)</script>", "not-what-it-says"),
        ("a.png", photograph(), "not-what-it-says"),
        ("a.pdf", photograph(), "not-what-it-says"),
        ("a.jpg", document(), "not-what-it-says"),
        ("a.pdf", b"\n" + document(), "not-what-it-says"),
        ("a.jpg", photograph() + b"<script>", "two-files-at-once"),
        ("a.jpg", photograph() + archive(), "two-files-at-once"),
        ("a.jpg", photograph() + archive() + ENTRY, "two-files-at-once"),
        ("a.png", photograph("PNG") + archive(), "two-files-at-once"),
        ("a.pdf", document() + archive(), "two-files-at-once"),
        ("a.pdf", document() + archive() + b"\n%%EOF\n", "two-files-at-once"),
        ("a.jpg", photograph()[:200], "broken"),
        ("a.jpg", photograph()[:200] + ENTRY, "broken"),
        ("a.png", photograph("PNG")[:-30], "broken"),
        ("a.pdf", document()[:300], "broken"),
        ("a.pdf", b"%PDF-1.7\n%%EOF", "broken"),
        ("a.png", _bomb(60_000, 60_000), "too-many-points"),
        ("a.png", _bomb(8_000, 7_000), "too-many-points"),
        ("a.png", _animated(), "several-pictures"),
        ("a.pdf", document(_with("/OpenAction", JS)), "acts"),
        ("a.pdf", document(_with("/AcroForm", pikepdf.Dictionary(XFA="<x/>"))), "acts"),
        ("a.pdf", document(_on_a_page), "acts"),
        ("a.pdf", document(_attached), "acts"),
        ("a.pdf", document(pages=501), "too-many-pages"),
        ("a.pdf", _locked(), "locked"),
    ],
)
def test_none_of_these_is_ever_viewable(name: str, content: bytes, code: str) -> None:
    verdict = seen(name, content)
    assert isinstance(verdict, Refused), verdict
    assert verdict.code == code
    assert verdict.words.endswith(".")


@settings(max_examples=300, deadline=None)
@given(
    which=st.sampled_from(["a.jpg", "a.png", "a.pdf"]),
    changes=st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 255)), max_size=20),
    cut=st.integers(0, 200),
)
def test_whatever_is_broken_there_is_a_verdict(
    which: str, changes: list[tuple[int, int]], cut: int
) -> None:
    whole = {"a.jpg": photograph(), "a.png": photograph("PNG"), "a.pdf": document()}[which]
    broken = bytearray(whole)
    for at, value in changes:
        broken[at % len(broken)] = value
    verdict = seen(which, bytes(broken[: len(broken) - cut]))
    assert isinstance(verdict, Viewable | Refused)


async def _answering(answer: bytes, taken: list[bytes]) -> asyncio.Server:
    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            taken.append(await reader.readline())
            while size := struct.unpack(">I", await reader.readexactly(4))[0]:
                taken.append(await reader.readexactly(size))
            writer.write(answer)
        finally:
            writer.close()

    return await asyncio.start_server(one, "127.0.0.1", 0)


@pytest.mark.parametrize(
    ("answer", "code"),
    [(b"stream: OK\n", None), (b"stream: Win.Test-1 FOUND\n", "infected")],
)
async def test_a_scanner_is_asked_with_every_byte(answer: bytes, code: str | None) -> None:
    taken: list[bytes] = []
    async with await _answering(answer, taken) as server:
        scan = clamd("127.0.0.1", server.sockets[0].getsockname()[1])
        verdict = await scan(photograph())
    assert (verdict.code if verdict else None) == code
    assert taken[0] == b"nINSTREAM\n"
    assert b"".join(taken[1:]) == photograph()


@pytest.mark.parametrize(
    "answer", [b"INSTREAM size limit exceeded. ERROR\n", b"stream: ERROR\n", b""]
)
async def test_a_scanner_without_a_verdict_lets_nothing_through(answer: bytes) -> None:
    async with await _answering(answer, []) as server:
        scan = clamd("127.0.0.1", server.sockets[0].getsockname()[1])
        with pytest.raises(ScannerDownError):
            await scan(photograph())
    with pytest.raises(ScannerDownError):
        await clamd("127.0.0.1", 1)(photograph())


async def test_the_test_file_of_the_trade_is_found_with_and_without_a_scanner() -> None:
    eicar = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    for scan in (without, clamd("127.0.0.1", 1)):
        verdict = await scan(photograph() + eicar)
        assert verdict is not None
        assert verdict.code == "infected"
    assert await without(photograph()) is None
