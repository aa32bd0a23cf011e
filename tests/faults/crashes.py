#!/usr/bin/env python3
"""What may be on a disk after a crash, and whether it is of use.

A record of the system calls of a training (FAULTS_RECORD) is played back on a model of a file system that keeps no more
than it must: what was written to a file since it was last synced may be there block by block, in any choice, and so may its
length; and of the changes of names, any choice of those since their folder was last synced. At each call such states
are made: all of it, none of it, the one without the other, and choices by chance. In each of them

  - a file that is replaced as a whole (all but logs) is one of the whole files that had its name,
  - of the checkpoint there is one, under its name or as the one before, which is not older than the last one whose
    folder was synced.

Some of the states are written into a folder, where the training goes on, to the bits and logs of one that never stopped.

    crashes.py RECORD FOLDER START CHECKPOINT [--choices N] [--resumes N] [--whole FOLDER] -- COMMAND...

FOLDER is where the record was made, START what was there before, CHECKPOINT the name in it.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys

BLOCK = 4096
LOGS = (".csv", ".jsonl")  # are added to


class File:
    """What surely is on the disk, and what was done since."""

    def __init__(self, data=b""):
        self.synced = bytes(data)
        self.now = bytearray(data)
        self.is_changed = False

    def write(self, place, data):
        self.is_changed = True
        if len(self.now) < place:
            self.now.extend(bytes(place - len(self.now)))
        self.now[place:place + len(data)] = data

    def truncate(self, size):
        self.is_changed = True
        del self.now[size:]
        self.now.extend(bytes(size - len(self.now)))

    def sync(self):
        self.synced, self.is_changed = bytes(self.now), False

    def choice(self, pick):
        """A state after a crash; pick(n): a number below n."""
        if not self.is_changed:
            return self.synced
        old, new = self.synced, bytes(self.now)
        size = (len(old), len(new), (len(new) + len(old)) // 2)[pick(3)]
        data = bytearray(old[:size].ljust(size, b"\0"))
        for at in range(0, size, BLOCK):
            if pick(2):
                part = new[at:min(at + BLOCK, size)]
                data[at:at + len(part)] = part
        return bytes(data)


class Folder:
    """Files and folders by name: what surely is on the disk, and what is there now."""

    def __init__(self):
        self.synced, self.now = {}, {}


def put(names, name, thing):
    if thing is None:
        names.pop(name, None)
    else:
        names[name] = thing


class Disk:
    def __init__(self, start, folder):
        self.folder = os.path.realpath(folder)
        self.root = self.load(start)
        self.open = {}
        self.changes = []  # of names, not synced yet: each [(folder, name, thing or None)], all or nothing of it
        self.whole = {}  # by path, the files that had the name, in their order

    def load(self, path):
        folder = Folder()
        for name in os.listdir(path):
            below = os.path.join(path, name)
            if os.path.isdir(below):
                folder.now[name] = self.load(below)
            else:
                with open(below, "rb") as file:
                    folder.now[name] = File(file.read())
        folder.synced = dict(folder.now)
        return folder

    def find(self, path):
        """The folder, and the name in it; None: it lies elsewhere."""
        path = os.path.normpath(os.path.join(self.folder, path))
        if path != self.folder and not path.startswith(self.folder + "/"):
            return None, None
        parts = [part for part in path[len(self.folder):].split("/") if part]
        at = self.root
        for part in parts[:-1]:
            at = at.now.get(part)
            if not isinstance(at, Folder):
                return None, None
        return at, parts[-1] if parts else ""

    def thing(self, path):
        at, name = self.find(path)
        return None if at is None else at.now.get(name) if name else at

    def change(self, *names):
        """One call gives these (path, thing) at once."""
        change = []
        for path, thing in names:
            at, name = self.find(path)
            if at is not None:
                put(at.now, name, thing)
                change.append((at, name, thing))
        self.changes.append(change)

    def keep_whole(self, path, thing):
        relative = os.path.relpath(os.path.normpath(os.path.join(self.folder, path)), self.folder)
        if isinstance(thing, File):
            self.whole.setdefault(relative, []).append(thing)

    def sync_folder(self, folder):
        later = []
        for change in self.changes:
            if any(at is folder for at, _, _ in change):
                for at, name, thing in change:
                    put(at.synced, name, thing)
            else:
                later.append(change)
        self.changes = later

    # ---- The calls of a record.

    def do(self, call, words, data):
        getattr(self, "do_" + call)(words, data)

    def do_open(self, words, data):
        number, flags, path = words.split(" ", 2)
        at, name = self.find(path)
        if at is None:
            return
        thing = at.now.get(name) if name else at
        if thing is None:
            if not int(flags) & os.O_CREAT:
                return
            thing = File()
            self.change((path, thing))
        elif int(flags) & os.O_TRUNC and isinstance(thing, File):
            thing.truncate(0)
        self.open[int(number)] = thing

    def do_write(self, words, data):
        number, _, place = map(int, words.split())
        if number in self.open:
            self.open[number].write(place, data)

    def do_truncate(self, words, data):
        number, size = map(int, words.split())
        if number in self.open:
            self.open[number].truncate(size)

    def do_sync(self, words, data):
        thing = self.open.get(int(words))
        if isinstance(thing, Folder):
            self.sync_folder(thing)
        elif thing is not None:
            thing.sync()

    def do_close(self, words, data):
        self.open.pop(int(words), None)

    def do_dup(self, words, data):
        old, new = map(int, words.split())
        if old in self.open:
            self.open[new] = self.open[old]

    def do_rename(self, words, data):
        old, new = words.split("\t")
        thing = self.thing(old)
        if thing is None or self.thing(new) is thing:
            return
        self.change((new, thing), (old, None))
        self.keep_whole(new, thing)

    def do_link(self, words, data):
        old, new = words.split("\t")
        self.change((new, self.thing(old)))
        self.keep_whole(new, self.thing(old))

    def do_unlink(self, words, data):
        self.change((words, None))

    do_rmdir = do_unlink

    def do_mkdir(self, words, data):
        self.change((words, Folder()))

    # ---- After a crash.

    def state(self, names, blocks):
        """By path, its bytes, None for a folder; `names` and `blocks` choose, a number below the one they get."""
        chosen = {}
        for change in self.changes:
            if names(2):
                for at, name, thing in change:
                    put(chosen.setdefault(id(at), dict(at.synced)), name, thing)
        files = {}
        self.list(files, chosen, blocks, self.root, "")
        return files

    def list(self, files, chosen, blocks, folder, prefix):
        for name, thing in chosen.get(id(folder), folder.synced).items():
            if isinstance(thing, File):
                files[prefix + name] = thing.choice(blocks)
            else:
                files[prefix + name + "/"] = None
                self.list(files, chosen, blocks, thing, prefix + name + "/")


def calls_of(path):
    with open(path, "rb") as file:
        while line := file.readline():
            call, words = line.decode().rstrip("\n").split(" ", 1)
            data = file.read(int(words.split()[1])) if call == "write" else b""
            yield call, words, data


def newest(count):
    return count - 1


def oldest(count):
    return 0


class Crashes:
    def __init__(self, options):
        self.options = options
        self.disk = Disk(options.start, options.folder)
        self.checkpoint = options.checkpoint
        self.states, self.resumed, self.problems = 0, 0, []
        self.seen = set()
        self.random = random.Random(options.seed)
        self.kept = None  # the last checkpoint whose folder was synced

    def states_now(self):
        yield self.disk.state(newest, newest)
        yield self.disk.state(oldest, oldest)
        yield self.disk.state(newest, oldest)
        yield self.disk.state(oldest, newest)
        for _ in range(self.options.choices):
            yield self.disk.state(self.random.randrange, self.random.randrange)

    def is_log(self, path):
        return path.endswith(LOGS) or "tfevents" in path

    def is_whole(self, path, data):
        return any(data == file.now for file in self.disk.whole.get(path, []) if file)

    def number_of(self, data):
        """The place of a checkpoint among all of them; -1: it is none of them."""
        all_of_them = [file for file in self.disk.whole.get(self.checkpoint, []) if file]
        return max((i for i, file in enumerate(all_of_them) if file.now == data), default=-1)

    def check(self, files):
        for path, data in files.items():
            is_temporary = os.path.basename(path).startswith(".nnc-tmp-")
            if data is None or is_temporary or self.is_log(path) or path not in self.disk.whole:
                continue
            if not self.is_whole(path, data) and data != self.start.get(path):
                yield f"{path} is none of the files that had the name"
        found = [self.number_of(files[path]) for path in (self.checkpoint, self.checkpoint + "~") if path in files]
        if self.kept is not None and max(found, default=-1) < self.kept:
            yield f"the checkpoint is lost: {found}, the {self.kept}th was kept"

    def look(self, number, call):
        for files in self.states_now():
            key = hash(tuple(sorted((path, data or b"") for path, data in files.items())))
            if key in self.seen:
                continue
            self.seen.add(key)
            self.states += 1
            for problem in self.check(files):
                self.problems.append(problem)
                print(f"after call {number} ({call}): {problem}")
            if self.wants(number):
                self.resume(files, number, call)

    # ---- Going on in some of them.

    def wants(self, number):
        """As many as are asked for, spread over the record."""
        return self.random.random() < self.options.resumes / (self.calls * 2.5)

    def resume(self, files, number, call):
        at = os.path.join(self.options.folder + "-state")
        shutil.rmtree(at, ignore_errors=True)
        os.mkdir(at)
        for path, data in sorted(files.items()):
            if data is None:
                os.makedirs(os.path.join(at, path), exist_ok=True)
                continue
            with open(os.path.join(at, path), "wb") as file:
                file.write(data)
            if path == self.options.command[0].removeprefix("./"):
                os.chmod(os.path.join(at, path), 0o755)
        done = subprocess.run(self.options.command, cwd=at, capture_output=True, stdin=subprocess.DEVNULL)
        self.resumed += 1
        problem = done.stderr.decode() if done.returncode or b"warning" in done.stderr else self.compare(at)
        if problem:
            self.problems.append(problem)
            print(f"after call {number} ({call}): goes not on: {problem}")

    def place_of(self, at, path):
        """Of a run that had no checkpoint yet another one was begun."""
        parts, runs = path.split("/"), os.path.join(at, "runs")
        if parts[0] == "runs":
            parts[1] = max(os.listdir(runs))
        return os.path.join(at, *parts)

    def compare(self, at):
        for where, _, names in os.walk(self.options.whole):
            for name in names:
                path = os.path.relpath(os.path.join(where, name), self.options.whole)
                if path.endswith(LOGS) or path.endswith("history.json") or path.endswith(("w.safetensors", "weights.safetensors")):
                    with open(os.path.join(self.options.whole, path), "rb") as file:
                        whole = file.read()
                    other = self.place_of(at, path)
                    data = b""
                    if os.path.exists(other):
                        with open(other, "rb") as file:
                            data = file.read()
                    if path.endswith(".safetensors"):  # the header has the time
                        whole, data = (text[8 + int.from_bytes(text[:8], "little"):] for text in (whole, data))
                    if data != whole:
                        return f"another {path}"
        return None

    def all(self):
        calls = list(calls_of(self.options.record))
        self.calls = len(calls)
        self.start = self.disk.state(newest, newest)
        at = self.disk.thing(self.checkpoint)
        if at:
            self.disk.whole[self.checkpoint], self.kept = [at], 0
        for number, (call, words, data) in enumerate(calls):
            self.disk.do(call, words, data)
            if call == "sync":
                self.note_kept()
            self.look(number, call)
        print(f"{len(calls)} calls, {self.states} states, {self.resumed} gone on from, {len(self.problems)} problems")
        return 1 if self.problems or not self.resumed else 0

    def note_kept(self):
        """What a folder that was synced has under the name is to be there for good."""
        at, name = self.disk.find(self.checkpoint)
        if at is not None and name in at.synced and at.synced[name] is at.now.get(name):
            self.kept = self.number_of(at.synced[name].synced)


def main():
    parser = argparse.ArgumentParser()
    for name in ("record", "folder", "start", "checkpoint"):
        parser.add_argument(name)
    parser.add_argument("--choices", type=int, default=4)
    parser.add_argument("--resumes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--whole")
    parser.add_argument("command", nargs="+")
    sys.exit(Crashes(parser.parse_args()).all())


if __name__ == "__main__":
    main()
