"""DICOM files. pydicom is imported here first, without `requests`.

pydicom.data takes up requests where it is installed (TensorFlow brings it), to download test files: it costs a tenth of
the start-up and opens an internet socket only to see whether IPv6 is there. Hilum never fetches anything.
"""

import sys

if "pydicom" not in sys.modules and "requests" not in sys.modules:
    sys.modules["requests"] = None  # type: ignore[assignment]  # makes `import requests` an ImportError, for now
    import pydicom  # noqa: F401

    del sys.modules["requests"]
