"""From records to figures: ratios within a round, median and quartiles."""

import statistics


class Figure:
    """A median, and the quartiles on both sides of it."""

    def __init__(self, values):
        self.count = len(values)
        self.median = statistics.median(values)
        quartiles = (statistics.quantiles(values, n=4, method="inclusive")
                     if len(values) > 1 else values * 3)
        self.low, self.high = quartiles[0], quartiles[2]


class Results:
    """The records of a run, and the figures that they give."""

    def __init__(self, records):
        self.records = records

    def of(self, **wanted):
        return [record for record in self.records
                if all(record.get(key) == value
                       for key, value in wanted.items())]

    def distinct(self, key, **wanted):
        """The values of `key`, in the order in which they first came."""
        return list(dict.fromkeys(
            record[key] for record in self.of(**wanted) if key in record))

    def figure(self, value, **wanted):
        found = [value(record) for record in self.of(**wanted)]
        return Figure(found) if found else None

    def ratio(self, value, above, below, **wanted):
        """Of two servers, or of what else `above` and `below` differ in, taken
        within each round: what disturbs the machine disturbs both."""
        ours = by_round(self.of(**wanted, **above))
        others = by_round(self.of(**wanted, **below))
        found = [value(ours[number]) / value(others[number])
                 for number in ours if number in others]
        return Figure(found) if found else None


def by_round(records):
    return {record["round"]: record for record in records}


def cpu_us(record):
    """CPU time for a request, in microseconds."""
    return record["cpu_ns"] / record["requests"] / 1000


def thrift(record):
    """Requests for a second of CPU time: the more, the better."""
    return record["requests"] * 1e9 / record["cpu_ns"]


def rate(record):
    return record["requests"] / record["seconds"]


def calls(record):
    return record["calls"] / record["requests"]


def idle_bytes(record):
    return (record["after"] - record["before"]) / record["idle"]


def jobs_rate(record):
    return record["jobs"] / record["seconds"]


def jobs_share(record):
    """The share of what the arithmetic says: workers / work time."""
    return jobs_rate(record) / (record["workers"] * 1000 / record["work_ms"])


def wait_formula_ms(record):
    return record["capacity"] * record["work_ms"] / record["workers"]


def wait_ms(record):
    return record["seconds"] * 1000


def channel_rate(record):
    return record["jobs"] * 1e9 / record["ns"]


def channel_ns(record):
    return record["ns"] / record["jobs"]


def parse_ns(record):
    return record["ns"] / record["count"]
