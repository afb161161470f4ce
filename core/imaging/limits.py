"""What a file may ask for before it is refused (docs/decisions.md; raised by a setting, never by the file)."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes are bytes unless the name says otherwise."""

    file_bytes: int = 2 * GIB
    header_bytes: int = 64 * MIB
    elements: int = 100_000
    nesting: int = 32
    frame_pixels: int = 100_000_000
    frames: int = 10_000
    inflate_factor: int = 20
    inflate_bytes: int = 64 * MIB
    text_bytes: int = MIB
    archive_members: int = 5_000
    archive_bytes: int = 4 * GIB
    archive_ratio: int = 100
    member_bytes: int = GIB
    folder_depth: int = 20
    sorted_entries: int = 10_000
    directory_records: int = 100_000
    decode_seconds: float = 20.0
    memory_bytes: int = 3 * GIB

    def inflated(self, packed_bytes: int) -> int:
        """How far so many packed bytes may expand."""
        return self.inflate_factor * packed_bytes + self.inflate_bytes
