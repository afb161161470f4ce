"""Gaussian blur of any width at about the same cost."""

from __future__ import annotations

import cv2

from core.imaging.phantom.shapes import Map


def blurred(picture: Map, sigma: float) -> Map:
    """Gaussian blur, sigma in pixels; wide ones on a reduced copy."""
    rows, columns = picture.shape
    reduce = int(max(1, min(sigma / 4, min(rows, columns) / 16)))
    if reduce == 1:
        narrow: Map = cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.05), borderType=cv2.BORDER_REPLICATE)
        return narrow
    small = cv2.resize(picture, (columns // reduce, rows // reduce), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / reduce, borderType=cv2.BORDER_REPLICATE)
    wide: Map = cv2.resize(small, (columns, rows), interpolation=cv2.INTER_CUBIC)
    return wide
