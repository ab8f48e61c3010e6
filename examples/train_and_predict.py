"""Train a tiny model on the pushing world, predict three futures of one episode: python train_and_predict.py OUT."""

import sys
from pathlib import Path

import cvae
from cvae.data.sources import PushingWorld

world = PushingWorld(n_train=20, n_validate=5, n_test=5, n_frames=12)
config = {
    "image_size": 32,
    "n_future": 4,
    "n_eval": 4,
    "store": f"{sys.argv[1]}/clips",
    "data": world.model_dump(),
    "model": {"width": 0.125, "g_dim": 16, "z_dim": 4, "rnn_size": 16},
    "kl_anneal": {"mode": "cyclical", "n_cycles": 2},
    "train": {"steps": 20, "batch_size": 4},
    "evaluation": {"every": 10, "n_samples": 2},
    "runtime": {"threads": 1, "device": "cpu"},
}
run = cvae.train(config, Path(sys.argv[1]) / "run", lambda values: print(values["step"], values["val/psnr"]))

episode = world.episode("test", 0, 32)
actions, positions = episode.conditions[:, :4], episode.conditions[:, 4:]
futures = run.predict(episode.frames, actions, n_future=8, samples=3, positions=positions)
print(run.status, futures.shape, f"spread {futures.std(axis=0).mean():.4f}")
