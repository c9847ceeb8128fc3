"""Files as they come in and go out: one part of a form; an answer that is only to be saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from referral.errors import Fault, Refusal, RefusedError, invalid_input

SANDBOX: Final = "sandbox"  # what a browser may do with it if somebody opens it in one: nothing
_LONGEST: Final = 2000  # characters of a field beside the file


@dataclass(frozen=True, slots=True)
class FileSent:
    """A file as a browser or program names it; nothing of it is believed."""

    name: str
    content: bytes

    def __repr__(self) -> str:
        """Neither name nor content: both tell of a case."""
        return f"FileSent({len(self.content)} bytes)"


async def file_in(request: Request) -> tuple[dict[str, str], FileSent]:
    """The fields of a form and its one file. Raises RefusedError for what is no such form."""
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise RefusedError(_wrong("/file", "missing", "Choose a file to add."))
            fields = {name: str(value).strip() for name, value in form.items() if name != "file"}
            if any(len(value) > _LONGEST or "\x00" in value for value in fields.values()):
                words = f"A field beside the file has more than {_LONGEST:,} characters."
                raise RefusedError(_wrong("/shows", "too-long", words))
            return fields, FileSent(file.filename or "", await file.read())
    except (ValueError, UnicodeDecodeError) as fault:
        words = "This cannot be read: send multipart/form-data with one file."
        raise RefusedError(_wrong("/file", "unreadable", words)) from fault


def identifier(text: str, pointer: str) -> UUID:
    """An id typed or sent along; raises RefusedError."""
    try:
        return UUID(text)
    except ValueError as fault:
        raise RefusedError(_wrong(pointer, "unreadable", "This is no id of ours.")) from fault


def _wrong(pointer: str, code: str, words: str) -> Refusal:
    return invalid_input([Fault(pointer, code, words)])


def handed_out(content: bytes, media_type: str, file_name: str) -> Response:
    """A file to be saved, whole (RFC 6266; no ranges, RFC 9110 14.3); never shown in our pages."""
    return Response(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{file_name}"',
            "Content-Security-Policy": SANDBOX,
            "Accept-Ranges": "none",
        },
    )
