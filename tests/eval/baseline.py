"""A semantic cache as it is usually built in Python, to have something to hold Weir's times against.

ONNX Runtime embeds on one thread, a NumPy matrix product searches, a fixed distance decides, SQLite has the answers. Written for
this measurement.
Usage: baseline.py MODEL.onnx VOCAB.txt [ENTRIES]
"""
import os
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import re, sqlite3, sys, tempfile, time
import numpy as np
import onnxruntime as ort

entries = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = ort.InferenceSession(sys.argv[1], options)
vocabulary = {line.rstrip("\n"): number for number, line in enumerate(open(sys.argv[2], encoding="utf-8"))}


def pieces(text):
    numbers = [101]
    for word in re.findall(r"\w+|[^\w\s]", text.lower()):
        start = 0
        while start < len(word):
            end = len(word)
            while end > start and ("##" if start else "") + word[start:end] not in vocabulary:
                end -= 1
            if end == start:
                numbers.append(100)
                break
            numbers.append(vocabulary[("##" if start else "") + word[start:end]])
            start = end
    return np.array([numbers + [102]], dtype=np.int64)


def embed(text):
    ids = pieces(text)
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    vector = session.run(None, inputs)[0][0].mean(axis=0)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


rng = np.random.default_rng(5)
cities = ["Oslo", "Lima", "Porto", "Ghent", "Kyiv", "Tunis"]


def question():
    one, other = rng.choice(cities, 2)
    return f"How many days does it take to ship {rng.integers(5000)} boxes of paper from {one} to {other}?"


seeds = np.stack([embed(question()) for _ in range(300)])
stored = seeds[rng.integers(300, size=entries)] + 0.03 * (rng.random((entries, 384), dtype=np.float32) - 0.5)
stored = (stored / np.linalg.norm(stored, axis=1, keepdims=True)).astype(np.float32)
folder = tempfile.TemporaryDirectory()
answers = sqlite3.connect(folder.name + "/answers.db")
answers.execute("CREATE TABLE answers (id INTEGER PRIMARY KEY, question TEXT, answer TEXT)")
answers.executemany("INSERT INTO answers VALUES (?, ?, ?)", ((at, f"question {at}", "It takes some days. " * 20) for at in range(entries)))
answers.commit()
times = {"embed": [], "search": [], "fetch the answer": [], "all": []}
for _ in range(200):
    text = question()
    begun = time.perf_counter()
    vector = embed(text)
    embedded = time.perf_counter()
    scores = stored @ vector
    nearest = int(scores.argmax())
    hit = scores[nearest] >= 0.88
    searched = time.perf_counter()
    answer = answers.execute("SELECT answer FROM answers WHERE id = ?", (nearest,)).fetchone() if hit else None
    done = time.perf_counter()
    times["embed"].append(embedded - begun)
    times["search"].append(searched - embedded)
    times["fetch the answer"].append(done - searched)
    times["all"].append(done - begun)
print("| entries | step | p50 | p99 | vectors |\n|---|---|---|---|---|")
for name, taken in times.items():
    p50, p99 = np.percentile(np.array(taken) * 1e3, [50, 99])
    print(f"| {entries} | {name} | {p50:.2f} ms | {p99:.2f} ms | {stored.nbytes / 1e6:.0f} MB |")
print("\nONNX Runtime and NumPy on one thread (`tests/eval/baseline.py`): the same model file, a full float scan, a fixed distance, no guards, SQLite for the answers.")
