"""Writes the .npz fixtures beside it with NumPy: python make.py"""
import numpy as np

arrays = {
    "half": (np.arange(6, dtype="<f2").reshape(2, 3) - 2.5),
    "single": np.array([[1.5, -2.25]], dtype="<f4"),
    "double": np.array(3.141592653589793, dtype="<f8"),
    "byte": np.array([-128, 127], dtype="i1"),
    "word": np.array([[-32768], [32767]], dtype="<i2"),
    "long": np.array([-2147483648, 2147483647], dtype="<i4"),
    "big": np.array([1.5, -2.0], dtype=">f4"),
    "empty": np.zeros((0, 4), dtype="<f4"),
}
np.savez("numpy-stored.npz", **arrays)
np.savez_compressed("numpy-deflated.npz", **arrays)
np.savez("numpy-fortran.npz", fortran=np.asfortranarray(np.arange(6, dtype="<f4").reshape(2, 3)))
np.savez("numpy-complex.npz", complex=np.zeros(2, dtype="<c8"))
