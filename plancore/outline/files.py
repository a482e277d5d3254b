"""Read a file within limits: its text, whatever the encoding, or the bytes of a .docx."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from plancore.schema import DataError

LARGEST = 20_000_000
"""Most bytes of a file that is read: a whole outline has less than a tenth of it."""
LARGEST_PART = 60_000_000
"""Most bytes the text part of a .docx may unpack to."""
_OLD_WORD = b"\xd0\xcf\x11\xe0"


def read(path: str | Path) -> str | bytes:
    """Return the text of a file, or the bytes of a .docx. Raises DataError for other kinds, FileNotFoundError if missing."""
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path}: a folder; expected a text, HTML or .docx file")
    size = path.stat().st_size
    if size > LARGEST:
        raise DataError(f"{path}: {size:,} bytes; at most {LARGEST:,} are read: keep only the part with the tables")
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if not data.strip():
        raise DataError(f"{path}: the file is empty")
    if data.startswith(b"PK\x03\x04"):
        return _docx(data, str(path))
    if data.startswith(_OLD_WORD) or data.startswith(b"%PDF") or data.startswith(b"{\\rtf"):
        raise DataError(f"{path}: an old Word file, an RTF or a PDF; save it as .docx, .html or plain text first")
    return decode(data, str(path))


def decode(data: bytes, where: str = "text") -> str:
    """Decode bytes: UTF-8 or UTF-16 with or without a byte order mark, else GB18030. Raises DataError for binary."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _as(data, encoding, where)
    if b"\0" in data[:4000]:
        return _as(data, _wide(data, where), where)
    for encoding in ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return _checked(text, where)
    raise DataError(f"{where}: neither UTF-8, UTF-16 nor GB18030 text; save it as UTF-8 text, HTML or .docx")


def _as(data: bytes, encoding: str, where: str) -> str:
    try:
        return _checked(data.decode(encoding), where)
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not {encoding} (byte {error.start}); save it as UTF-8") from None


def _wide(data: bytes, where: str) -> str:
    """UTF-16 without a mark: ASCII digits and line ends show which byte is empty."""
    even, odd = data[0:4000:2].count(0), data[1:4000:2].count(0)
    if max(even, odd) < 4 * min(even, odd) + 2:
        raise DataError(f"{where}: binary, not a text; expected text, HTML or .docx")
    return "utf-16-le" if odd > even else "utf-16-be"


def _checked(text: str, where: str) -> str:
    """Refuse decoded bytes that are no text: many control characters."""
    sample = text[:200_000]
    control = sum(c < " " and c not in "\n\r\t\f\v\x1a" or "\x7f" <= c < "\xa0" or "\ue000" <= c <= "\uf8ff" for c in sample)
    if control > 0.02 * len(sample) + 2:
        raise DataError(f"{where}: binary, not a text; expected text, HTML or .docx")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\x0b", "\n").replace("\x85", "\n")


def _docx(data: bytes, where: str) -> bytes:
    """Return the bytes of a .docx whose parts are within the limits."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError) as error:
        raise DataError(f"{where}: a damaged .docx ({error})") from None
    if not any(p.filename == "word/document.xml" for p in parts):
        raise DataError(f"{where}: a ZIP file without a Word document; expected text, HTML or .docx")
    if len(parts) > 5000:
        raise DataError(f"{where}: {len(parts):,} parts in the .docx; at most 5,000 are read")
    xml = [p for p in parts if p.filename.lower().endswith((".xml", ".rels"))]
    total, whole = sum(p.file_size for p in xml), sum(p.file_size for p in parts)
    if total > LARGEST_PART or whole > 10 * LARGEST_PART or len({p.filename for p in parts}) < len(parts):
        raise DataError(f"{where}: the .docx unpacks to {whole:,} bytes, {total:,} of text; at most {LARGEST_PART:,} are read")
    return data
