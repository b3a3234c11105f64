"""What several tests share: a list of results, printed as TAP."""


def report(results):
    """`results` has (name, faults): no faults, and it is ok. A fault becomes
    lines that explain."""
    print(f"1..{len(results)}")
    for number, (name, faults) in enumerate(results, start=1):
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
        for fault in faults:
            print(f"# {fault}")
