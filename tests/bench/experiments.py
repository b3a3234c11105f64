"""The experiments. Each yields records, one for each round, load and server:
dictionaries with the same keys for the same thing. results.py computes figures
from them."""

import copy
import json
import re
import resource
import shutil
import subprocess
import time

import loads
import servers
from loads import Load

COMMON = ["bare epoll", "bare poll"]
LANES_USERS = 40  # each of four lanes has some of them
SPARE = 500  # descriptors, beside those of idle connections


def as_many_descriptors_as_allowed():
    """Raises the limit of this process, which its children inherit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Run:
    """The options of one run, and what the experiments need to do it."""

    def __init__(self, build, rounds, seconds, quick):
        self.stages = servers.Stages(build)
        self.rounds = rounds
        self.seconds = seconds
        self.quick = quick
        self.tool = loads.LabLoad()
        self.descriptors = as_many_descriptors_as_allowed()

    def with_tool(self, tool):
        changed = copy.copy(self)
        changed.tool = tool
        return changed


def rotated(names, number):
    """Each round begins with another server."""
    at = number % len(names)
    return names[at:] + names[:at]


def measure(run, server, load, idle=0):
    cpu = server.cpu_ns()
    counted = run.tool.run(server.port, load, run.seconds, run.stages)
    return {"server": server.name, "tool": run.tool.name, **load._asdict(),
            **counted._asdict(), "idle": idle, "cpu_ns": server.cpu_ns() - cpu}


def start_all(run, names, work, load, stack):
    started = {}
    request = run.tool.request(load)
    for name in servers.existing(run.stages, names):
        server = servers.start_by_name(run.stages, name, request, work,
                                       load.closes)
        started[name] = stack.enter_context(server)
        server.check(request, work)
    return started


def compare(experiment, run, work, names, all_loads, stack):
    """A B C, B C A, ...: all servers run all the time; one at a time gets the
    load."""
    started = start_all(run, names, work, all_loads[0], stack)
    for number in range(run.rounds):
        for load in all_loads:
            for name in rotated(list(started), number):
                yield {"experiment": experiment, "round": number,
                       **measure(run, started[name], load)}


def echo(run, stack):
    names = [*COMMON, "stage 2", "stage 2 epoll", "nginx"]
    return compare("echo", run, servers.echo_of(run.tool.body), names,
                   keep_alive_loads(run), stack)


def event(run, stack):
    names = [*COMMON, "stage 3", "stage 3 epoll", "stage 5",
             "stage 6", "nginx"]
    return compare("event", run, servers.ACCEPTED, names,
                   keep_alive_loads(run), stack)


def lanes(run, stack):
    """Users as many as lanes need. On the server's core, and then on any."""
    counts = [16] if run.quick else [16, 64]
    all_loads = [Load(count, users=LANES_USERS) for count in counts]
    for experiment, names in (
            ("lanes", ["stage 3", "stage 6", "lanes 1", "lanes 4"]),
            ("lanes free", ["stage 3 free", "lanes 1 free", "lanes 4 free"])):
        yield from compare(experiment, run, servers.ACCEPTED, names, all_loads,
                           stack)


def keep_alive_loads(run):
    return [Load(count) for count in ([16] if run.quick else [1, 16, 64, 256])]


def pipelined(run, stack):
    """Needs wrk."""
    if loads.WRK is None:
        return []
    names = ["bare epoll", "stage 3"] if run.quick else [
        *COMMON, "stage 3", "stage 3 epoll", "nginx"]
    by_wrk = run.with_tool(loads.Wrk())
    return compare("pipelined", by_wrk, servers.ACCEPTED, names,
                   [Load(16, pipelined=16)], stack)


def close(run, stack):
    names = [*COMMON, "stage 3", "stage 3 epoll", "nginx"]
    return compare("close", run, servers.ACCEPTED, names,
                   [Load(16, closes=True)], stack)


def idle(run, stack):
    names = [*COMMON, "stage 3", "stage 3 epoll", "nginx"]
    load = Load(16)
    started = start_all(run, names, servers.ACCEPTED, load, stack)
    for number in range(run.rounds):
        for name in rotated(list(started), number):
            for record in beside_idle(run, started[name], load):
                yield {"experiment": "idle", "round": number, **record}


def beside_idle(run, server, load):
    with loads.IdleConnections(server.port, run.tool.request(load)) as idle:
        for count in idle_counts(run):
            idle.grow(count)
            yield measure(run, server, load, count)


def idle_counts(run):
    if run.quick:
        return [0, 20]
    return [count for count in (0, 1000, 5000, 10000)
            if run.descriptors == resource.RLIM_INFINITY or
            count + SPARE < run.descriptors]


def memory(run, stack):
    """Each time of a new server: a server may keep memory for reuse."""
    names = ["bare epoll", "stage 2", "stage 3", "stage 3 epoll", "nginx"]
    request = run.tool.request(Load(1))
    for number in range(min(run.rounds, 3)):
        for name in servers.existing(run.stages, names):
            with servers.start_by_name(run.stages, name, request,
                                       work_of(run, name)) as server:
                yield {"experiment": "memory", "round": number,
                       **weigh(server, request, idle_counts(run)[-1])}
    del stack


def work_of(run, name):
    echoes = name.startswith("stage 2")
    return servers.echo_of(run.tool.body) if echoes else servers.ACCEPTED


def weigh(server, request, count):
    servers.ask(server.port, request)
    before = server.resident_bytes()
    with loads.IdleConnections(server.port, request) as idle:
        idle.grow(count)
        return {"server": server.name, "idle": count, "before": before,
                "after": server.resident_bytes()}


def syscalls(run, stack):
    """Counted from outside while the server runs. No other figure is measured
    meanwhile, because counting costs time."""
    counter = best_counter()
    load = Load(16)
    names = [*COMMON, "stage 2", "stage 2 epoll", "stage 3", "stage 3 epoll",
             "nginx"]
    if counter is None:
        return
    request = run.tool.request(load)
    for name in servers.existing(run.stages, names):
        server = stack.enter_context(servers.start_by_name(
            run.stages, name, request, work_of(run, name)))
        calls, counted = counter(run, server, load)
        yield {"experiment": "syscalls", "round": 0, "server": name,
               "calls": calls, "requests": counted.requests,
               "counted_by": counter.__name__}


def best_counter():
    """The kernel's own count where perf may read it; else that of strace, which
    slows the server, so that each of its polls finds more clients ready."""
    if shutil.which("perf") and subprocess.run(
            ["perf", "stat", "-e", "raw_syscalls:sys_enter", "true"],
            capture_output=True).returncode == 0:
        return perf
    return strace if shutil.which("strace") else None


def perf(run, server, load):
    return count_calls(run, server, load, [
        "perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter",
        "-p", str(server.process.pid)], r"^(\d+),.*raw_syscalls")


def strace(run, server, load):
    return count_calls(run, server, load, [
        "strace", "-c", "-f", "-p", str(server.process.pid)],
        r"^100\.00 +\S+ +(?:\S+ +)?(\d+) .*total")


def count_calls(run, server, load, command, total):
    counter = subprocess.Popen(command, stderr=subprocess.PIPE, text=True,
                               preexec_fn=servers.bound_to(None))
    time.sleep(0.1 if run.quick else 1)  # it does not say when it is ready
    counted = run.tool.run(server.port, load, run.seconds, run.stages)
    counter.send_signal(2)
    printed = counter.communicate(timeout=60)[1]
    found = re.search(total, printed, re.M)
    if found is None:
        raise RuntimeError(f"{command[0]} printed: {printed}")
    return int(found[1]), counted


def micro(name):
    """bench_channel and bench_parse change their order in each round."""
    def perform(run, stack):
        del stack
        program = run.stages.build / f"tests/bench/bench_{name}"
        count = ["1", "1000"] if run.quick else [str(run.rounds)]
        printed = subprocess.run([str(program), *count], check=True, text=True,
                                 capture_output=True,
                                 preexec_fn=servers.bound_to(None)).stdout
        return json.loads(printed)
    return perform
