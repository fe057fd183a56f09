"""Files of samples, written byte by byte: independent of any library, and easy to damage."""

import gzip
import random
import struct

ROWS, COLUMNS = 60, 4


def rows(count=ROWS, columns=COLUMNS, seed=1):
    """Gaussian rows whose variances fall from column to column."""
    generator = random.Random(seed)
    return [[generator.gauss(0, 2.0 ** -j) for j in range(columns)] for _ in range(count)]


def npy(values, order="<", shape=None, fill=b""):
    """A .npy file of 32-bit numbers, little (<) or big (>) endian."""
    shape = shape or (len(values), len(values[0]))
    header = f"{{'descr': '{order}f4', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    flat = [number for row in values for number in row]
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
            + struct.pack(f"{order}{len(flat)}f", *flat) + fill)


def idx(values, order=">", count=None):
    """An IDX file of bytes; the format is big-endian, other orders are damage."""
    count = len(values) if count is None else count
    flat = [max(0, min(255, round(128 + 40 * number))) for row in values for number in row]
    return b"\x00\x00\x08\x02" + struct.pack(f"{order}II", count, len(values[0])) + bytes(flat)


def idx_gz(values):
    return gzip.compress(idx(values), mtime=0)


def fvecs(values, order="<"):
    width = len(values[0])
    return b"".join(struct.pack(f"{order}i{width}f", width, *row) for row in values)


def csv(values):
    return "".join(",".join(f"{number:.9g}" for number in row) + "\n" for row in values).encode()


WRITERS = {"x.npy": npy, "x.idx": idx, "x.idx.gz": idx_gz, "x.fvecs": fvecs, "x.csv": csv}
