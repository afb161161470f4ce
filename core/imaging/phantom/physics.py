"""How much of the beam arrives: Beer–Lambert in five energies.

Mass attenuation coefficients μ/ρ in cm²/g: J. H. Hubbell and S. M. Seltzer, Tables of X-Ray Mass Attenuation
Coefficients, NIST Standard Reference Database 126, table 4 (tissues after ICRU Report 44) and table 3 (aluminium).
Densities in g/cm³: the same tables, except inflated lung (0.26, ICRP Publication 89).
The spectrum is Kramers' law behind aluminium, without the tungsten lines: an honest simplification.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

ENERGIES_KEV = np.array([40.0, 50.0, 60.0, 80.0, 100.0])
_BIN_KEV = np.array([10.0, 10.0, 15.0, 20.0, 20.0])

# Rows: material; columns: ENERGIES_KEV.
_MASS_ATTENUATION = {
    "soft": (0.2688, 0.2264, 0.2048, 0.1823, 0.1693),
    "fat": (0.2396, 0.2123, 0.1974, 0.1800, 0.1688),
    "bone": (0.6655, 0.4242, 0.3148, 0.2229, 0.1855),
    "lung": (0.2699, 0.2270, 0.2053, 0.1826, 0.1695),
    "air": (0.2485, 0.2080, 0.1875, 0.1662, 0.1541),
}
_DENSITY = {"soft": 1.06, "fat": 0.95, "bone": 1.92, "lung": 0.26, "air": 0.0012}
MATERIALS = tuple(_DENSITY)
_ALUMINIUM = np.array([0.5685, 0.3681, 0.2778, 0.2018, 0.1704]) * 2.699 / 10  # per mm
_CAESIUM_IODIDE = np.array([22.97, 12.87, 7.921, 3.677, 2.035]) * 4.51 / 10 * 0.75  # per mm, packed to 75 %

ATTENUATION_PER_MM = {name: np.array(row) * _DENSITY[name] / 10 for name, row in _MASS_ATTENUATION.items()}


def spectrum(kilovolts: float, aluminium_mm: float = 4.0, scintillator_mm: float = 0.5) -> NDArray[np.float64]:
    """Share of the detector's signal in free air that each energy gives, (5,), sum 1.

    Kramers: photons ∝ V/E − 1; a scintillator signal is proportional to the energy that it absorbs.
    """
    photons = np.clip(kilovolts / ENERGIES_KEV - 1.0, 0.0, None) * _BIN_KEV * np.exp(-_ALUMINIUM * aluminium_mm)
    signal = photons * ENERGIES_KEV * (1.0 - np.exp(-_CAESIUM_IODIDE * scintillator_mm))
    share: NDArray[np.float64] = signal / signal.sum()
    return share


def transmitted(thickness_mm: dict[str, Map], weights: NDArray[np.float64]) -> Map:
    """Primary signal behind the body, (rows, columns) in 0…1 of free air.

    thickness_mm: path length through each material, one map a material. weights: from `spectrum`.
    """
    first = next(iter(thickness_mm.values()))
    signal = np.zeros(first.shape, np.float32)
    for energy, weight in enumerate(weights):
        if weight <= 0:
            continue
        exponent = np.zeros(first.shape, np.float32)
        for name, path in thickness_mm.items():
            exponent -= path * np.float32(ATTENUATION_PER_MM[name][energy])
        signal += np.float32(weight) * np.exp(exponent)
    return signal
