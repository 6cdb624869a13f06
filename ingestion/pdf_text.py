"""The text layer of a PDF."""

from __future__ import annotations

import io
import logging

from pypdf import PdfReader

from ingestion.documents import Unreadable

MAX_PAGES = 2_000


def text_of_pdf(content: bytes) -> str:
    """The text of all pages, a blank line between them.

    Raises `Unreadable`: damaged, locked by a password, too many pages, or no text (a scan).
    """
    # The library logs what it finds odd, with pieces of the document.
    logging.getLogger("pypdf").disabled = True
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted or len(reader.pages) > MAX_PAGES:
            raise Unreadable
        text = "\n\n".join(page.extract_text() for page in reader.pages).strip()
    except (MemoryError, Unreadable):
        raise Unreadable from None
    except Exception:  # a damaged file leaves the library by any door
        raise Unreadable from None
    if not text or "\0" in text:
        raise Unreadable
    return text.encode("utf-8", "replace").decode()
