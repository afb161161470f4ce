"""Simulated chest radiographs of people who do not exist: see docs/phantom.md."""

from core.imaging.phantom.film import OPACITIES, Opacity, Phantom, simulate

__all__ = ["OPACITIES", "Opacity", "Phantom", "simulate"]
