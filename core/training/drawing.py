"""Where the networks of a new bundle looked: its heatmaps on films of the run's cache."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from core.cohort.cache import FilmCache
from core.errors import ImageFailed
from core.imaging import paint
from core.imaging.prepare import Settled, fit, needs_lungs
from core.inference import ensemble, heatmap
from core.inference.bundles import Bundle
from core.inference.engines.base import Engine
from core.inference.engines.choose import opened
from core.inference.lungs import LungFinder, finder_for

_QUALITY = 88


class Drawer:
    """Keeps a bundle open on the CPU. cache: of the run (core.cohort.cache). Refuses what the engines refuse."""

    def __init__(self, bundle: Bundle, cache: Path) -> None:
        self._bundle, self._cache = bundle, cache
        self._engine: Engine = opened(bundle, device="cpu")
        framed = any(needs_lungs(bundle.input(member).steps) for member in bundle.members)
        self._finder: LungFinder | None = finder_for(bundle) if framed else None

    def drawn(self, films: Mapping[int, str]) -> dict[int, bytes]:
        """number → JPEG of the film with the heatmap of the called class against the rest; films: number → SHA-256.

        A film that is no longer in the cache has no picture.
        """
        with FilmCache(self._cache) as cache:
            known = {number: sha256 for number, sha256 in films.items() if sha256 in cache}
            pixels = cache.films(list(known.values()))
            return {number: self._picture(np.asarray(film)) for number, film in zip(known, pixels, strict=True)}

    def close(self) -> None:
        self._engine.close()
        if self._finder is not None:
            self._finder.close()

    def _picture(self, film: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]) -> bytes:
        bundle, settled = self._bundle, Settled(film, np.eye(3))
        box = None if self._finder is None else self._finder.find(settled).frame
        fitted = {member.name: fit(settled, bundle.input(member).steps, box) for member in bundle.members}
        outputs = {name: self._engine.run(name, one.pixels[None]) for name, one in fitted.items()}
        weights = [member.weight for member in bundle.members]
        opinion = ensemble.joined(
            [output.logits[0] for output in outputs.values()], weights, bundle.description.temperature, [0]
        )
        maps = heatmap.combined(
            heatmap.of_members(bundle, fitted, outputs), opinion, settled, weights=weights, classes=bundle.classes,
            map_scale=bundle.map_scale,
        )  # fmt: skip
        shown = (film >> 8).astype(np.uint8)
        values = paint.spread_over(maps.values[opinion.finding], maps.grid_to_stored, (film.shape[0], film.shape[1]))
        picture = paint.overlaid(shown, paint.painted(values))
        done, content = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise ImageFailed("program-error", what="the picture could not be encoded")
        return bytes(content.tobytes())
