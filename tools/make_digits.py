"""Makes src/lamina/data/digits.npz from scikit-learn's copy. Needs scikit-learn; gives the same bytes every time.

The split is fixed and stratified without any generator: of each class, in the order of the data, every fifth image is
a test image.
"""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parent.parent / "src/lamina/data/digits.npz"


def split(labels: np.ndarray) -> np.ndarray:
    """The sorted indices of the test images."""
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[4::5] for label in np.unique(labels)]))


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """An .npz whose bytes depend on the arrays only: numpy.savez would store the time."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            member.create_system = 3
            data = io.BytesIO()
            np.lib.format.write_array(data, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
            archive.writestr(member, data.getvalue(), compresslevel=9)


def main() -> int:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        print("make_digits: needs scikit-learn: pip install scikit-learn", file=sys.stderr)
        return 1
    digits = load_digits()
    labels = digits.target.astype(np.uint8)
    arrays = {
        "images": digits.images.astype(np.uint8),
        "labels": labels,
        "test": split(labels).astype(np.int64),
    }
    assert arrays["images"].shape == (1797, 8, 8)
    assert np.array_equal(arrays["images"], digits.images)
    write(TARGET, arrays)
    print(f"{TARGET.name}: {len(labels)} images, {len(arrays['test'])} for testing, {TARGET.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
