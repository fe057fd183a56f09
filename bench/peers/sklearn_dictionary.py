#!/usr/bin/python3
"""Dictionary learning by scikit-learn: the peer of bench/train/planted_dictionary.cpp.

    bench/peers/sklearn_dictionary.py DATA.npy ATOMS SEED OUT_PREFIX

MiniBatchDictionaryLearning with coordinate descent, alpha 0.3 and batches of 256, the settings found
best for codes of ±1; as it stops by itself, whatever its limit of passes, and for whole passes.
Prints seconds and the file of atoms of each, OUT_PREFIX + setting + ".npy", as JSON.
"""
import argparse
import json
import time
import warnings

import numpy as np
import sklearn
from sklearn.decomposition import MiniBatchDictionaryLearning

ALL = {"tol": 0.0, "max_no_improvement": None}
SETTINGS = {
    "stops_itself": {"max_iter": 10},
    "one_pass": {"max_iter": 1} | ALL,
    "four_passes": {"max_iter": 4} | ALL,
}
REPEATS = {"stops_itself": 3, "one_pass": 3, "four_passes": 1}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("atoms", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("out")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of defaults that will change
    samples = np.load(options.data)
    runs = []
    for name, setting in SETTINGS.items():
        seconds = []
        for _ in range(REPEATS[name]):
            learner = MiniBatchDictionaryLearning(
                options.atoms, alpha=0.3, batch_size=256, fit_algorithm="cd",
                transform_algorithm="omp", random_state=options.seed, **setting)
            start = time.perf_counter()
            learner.fit(samples)
            seconds.append(time.perf_counter() - start)
        file = f"{options.out}{name}.npy"
        np.save(file, learner.components_)
        runs.append({"setting": name, "seconds": seconds, "file": file})
    print(json.dumps({"peer": f"scikit-learn {sklearn.__version__}", "runs": runs}))


if __name__ == "__main__":
    main()
