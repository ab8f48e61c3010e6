"""LeRobot data sets written by hand from the documentation of v2.1 and v3.0: lossless films, tables, meta/."""

import io
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet

FPS = 10

CAMERA = "observation.images.top"

HEIGHT, WIDTH = 32, 48

LENGTHS = (14, 16, 13)  # frames of the episodes


def pictures(episode: int) -> np.ndarray:
    """Frames (T, H, W, 3) of an episode: no two alike in any film."""
    random = np.random.default_rng(episode)
    return random.integers(0, 256, (LENGTHS[episode], HEIGHT, WIDTH, 3), dtype=np.uint8)


def numbers(episode: int, n_columns: int, kind: int) -> np.ndarray:
    return np.random.default_rng([episode, kind]).normal(size=(LENGTHS[episode], n_columns)).astype(np.float32)


def write_film(path: Path, frames: np.ndarray) -> None:
    """An mp4 that gives every pixel back: H.264 of RGB without loss, a key frame every second frame."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264rgb", rate=FPS, options={"qp": "0", "g": "2", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "rgb24"
        stream.time_base = stream.codec_context.time_base = Fraction(1, FPS)
        for t, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = t, Fraction(1, FPS)
            film.mux(stream.encode(frame))
        film.mux(stream.encode())


def png(frame: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(frame).save(out, format="PNG")
    return out.getvalue()


def rows_of(episode: int, first_index: int, *, as_images: bool = False) -> dict[str, Any]:
    """The columns of an episode's rows."""
    n = LENGTHS[episode]
    rows: dict[str, Any] = {
        "action": pa.array(numbers(episode, 6, 0).tolist(), pa.list_(pa.float32(), 6)),
        "observation.state": pa.array(numbers(episode, 6, 1).tolist(), pa.list_(pa.float32())),
        "gripper": pa.array(np.arange(n) % 2 == 0),
        "task": pa.array(["push"] * n),
        "timestamp": pa.array((np.arange(n) / FPS).astype(np.float32)),
        "frame_index": pa.array(np.arange(n)),
        "episode_index": pa.array(np.full(n, episode)),
        "index": pa.array(np.arange(n) + first_index),
    }
    if as_images:
        rows[CAMERA] = pa.array(
            [{"bytes": png(frame), "path": f"{t}.png"} for t, frame in enumerate(pictures(episode))]
        )
    return rows


def write_info(root: Path, version: str, *, as_images: bool = False, **changed: Any) -> None:
    is_v3 = version.startswith("v3")
    info = {
        "codebase_version": version,
        "fps": FPS,
        "total_episodes": len(LENGTHS),
        "chunks_size": 2,
        "splits": {"train": f"0:{len(LENGTHS)}"},
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
        if is_v3
        else "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
        if is_v3
        else "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
        "features": {
            "action": {"dtype": "float32", "shape": [6], "names": None},
            "observation.state": {"dtype": "float32", "shape": [6], "names": None},
            "gripper": {"dtype": "bool", "shape": [1], "names": None},
            "task": {"dtype": "string", "shape": [1], "names": None},
            CAMERA: {"dtype": "image" if as_images else "video", "shape": [HEIGHT, WIDTH, 3]},
        },
    }
    (root / "meta").mkdir(parents=True, exist_ok=True)
    (root / "meta" / "info.json").write_text(json.dumps(info | changed), encoding="utf-8")


def write_v2(root: Path, *, as_images: bool = False, **info: Any) -> Path:
    """One table and one film an episode, two episodes a chunk."""
    write_info(root, "v2.1", as_images=as_images, **info)
    lines = [json.dumps({"episode_index": e, "tasks": ["push"], "length": n}) for e, n in enumerate(LENGTHS)]
    (root / "meta" / "episodes.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for episode in range(len(LENGTHS)):
        chunk, name = f"chunk-{episode // 2:03d}", f"episode_{episode:06d}"
        write_table(root / "data" / chunk / f"{name}.parquet", rows_of(episode, 0, as_images=as_images))
        if not as_images:
            write_film(root / "videos" / chunk / CAMERA / f"{name}.mp4", pictures(episode))
    return root


def write_v3(root: Path, *, as_images: bool = False, **info: Any) -> Path:
    """All rows in one table; the films of the first two episodes in one file, the third's in another."""
    write_info(root, "v3.0", as_images=as_images, **info)
    firsts = np.cumsum([0, *LENGTHS])
    tables = [pa.table(rows_of(e, int(firsts[e]), as_images=as_images)) for e in range(len(LENGTHS))]
    path = root / "data" / "chunk-000" / "file-000.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.concat_tables(tables), path, row_group_size=20, write_page_checksum=True)
    listed: dict[str, Sequence[Any]] = {
        "episode_index": [0, 1, 2],
        "length": list(LENGTHS),
        "tasks": [["push"]] * 3,
        "data/chunk_index": [0, 0, 0],
        "data/file_index": [0, 0, 0],
        "dataset_from_index": firsts[:-1].tolist(),
        "dataset_to_index": firsts[1:].tolist(),
    }
    if not as_images:
        folder = root / "videos" / CAMERA / "chunk-000"
        write_film(folder / "file-000.mp4", np.concatenate([pictures(0), pictures(1)]))
        write_film(folder / "file-001.mp4", pictures(2))
        starts = [0.0, LENGTHS[0] / FPS, 0.0]
        listed |= {
            f"videos/{CAMERA}/chunk_index": [0, 0, 0],
            f"videos/{CAMERA}/file_index": [0, 0, 1],
            f"videos/{CAMERA}/from_timestamp": starts,
            f"videos/{CAMERA}/to_timestamp": [s + n / FPS for s, n in zip(starts, LENGTHS, strict=True)],
        }
    write_table(root / "meta" / "episodes" / "chunk-000" / "file-000.parquet", listed)
    return root


def write_table(path: Path, columns: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), path, write_page_checksum=True)
