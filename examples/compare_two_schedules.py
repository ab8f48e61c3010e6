"""Run a sweep of two arms from a mapping and print its answer: python compare_two_schedules.py OUT."""

import sys

import sweeps

experiment = {
    "name": "two-schedules",
    "base": {
        "image_size": 32,
        "n_future": 4,
        "n_eval": 4,
        "store": f"{sys.argv[1]}/clips",
        "data": {"source": "pushing", "n_train": 20, "n_validate": 5, "n_test": 5, "n_frames": 12},
        "model": {"width": 0.125, "g_dim": 16, "z_dim": 4, "rnn_size": 16},
        "train": {"steps": 10, "batch_size": 4, "steps_per_epoch": 5},
        "evaluation": {"every": 5, "n_samples": 1, "best_of": 2},
        "runtime": {"threads": 1, "device": "cpu"},
    },
    "arms": {"constant": {}, "cyclical": {"kl_anneal": {"mode": "cyclical", "n_cycles": 2}}},
    "confirm": {"seeds": 2},
}
if __name__ == "__main__":
    found = sweeps.run(experiment, runs=sys.argv[1], slots=1)
    print(found.verdict)
    for row in found.pairs:
        print(row["a"], "against", row["b"], row["difference"], row["verdict"])
    print(found.write())
