"""Cross-checks `compare` of crates/analysis with the SMT solver Z3 on random pairs of policies.

    python3 -m venv tests/z3/.venv && tests/z3/.venv/bin/pip install -r tests/z3/requirements.txt
    tests/z3/.venv/bin/python tests/z3/compare.py --cases 3000 --seed 1

The solver is asked, in its own theory of strings and regular expressions, whether any request is allowed by the
narrow policy and not by the wide one: about an object, about a bucket, or about a listing, which is judged under two
names. It knows nothing of how `compare` works. Every pair must get the same answer from both; what the solver cannot
answer in its time is counted apart. The program needs the workspace's cargo.
"""

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

import z3

WORKSPACE = Path(__file__).resolve().parents[2]
ACTIONS = ["cos:GetObject", "cos:PutObject", "cos:HeadObject", "cos:Get*", "cos:*Object", "cos:*Ob*t*", "cos:*"]
OBJECT_ACTIONS = ["cos:getobject", "cos:putobject", "cos:headobject"]
LISTING_ACTIONS = ["cos:getbucket", "cos:getbucketobjectversions", "cos:listmultipartuploads"]
BUCKET = "qcs::cos::uid/125:b-125/"


def random_path(rng):
    return "".join(rng.choice("aab*/") for _ in range(rng.randint(1, 6)))


def random_policy(rng):
    def statement():
        return {
            "effect": rng.choice(["allow", "allow", "deny"]),
            "action": rng.sample(ACTIONS, rng.randint(1, 2)),
            "resource": [BUCKET + random_path(rng) for _ in range(rng.randint(1, 3))],
        }

    return {"version": "2.0", "statement": [statement() for _ in range(rng.randint(1, 4))]}


def related_policy(rng, policy):
    """A policy that differs a little: pairs of strangers are hardly ever contained in each other."""
    related = json.loads(json.dumps(policy))
    for _ in range(rng.randint(1, 3)):
        statement = rng.choice(related["statement"])
        index = rng.randrange(len(statement["resource"]))
        path = statement["resource"][index][len(BUCKET):]
        at = rng.randint(0, len(path))
        changed = rng.choice([path[:at] + rng.choice("ab*/") + path[at:], path.replace("*", "a", 1), path + "*"])
        statement["resource"][index] = BUCKET + changed
        if rng.random() < 0.2:
            related["statement"].append({**random_policy(rng)["statement"][0], "effect": "deny"})
    return related


def regex(pattern):
    everything = z3.Star(z3.AllChar(z3.ReSort(z3.StringSort())))
    parts = [everything if letter == "*" else z3.Re(letter) for letter in pattern]
    if not parts:
        return z3.Re("")
    return parts[0] if len(parts) == 1 else z3.Concat(*parts)


def allows(policy, action, names):
    sides = {"allow": [], "deny": []}
    for statement in policy["statement"]:
        by_action = z3.Or([z3.InRe(action, regex(one.lower())) for one in statement["action"]])
        paths = [one[len(BUCKET):] for one in statement["resource"]]
        by_path = z3.Or([z3.InRe(name, regex(path)) for name in names for path in paths])
        sides[statement["effect"]].append(z3.And(by_action, by_path))
    return z3.And(z3.Or(sides["allow"]), z3.Not(z3.Or(sides["deny"])))


def has_witness(wide, narrow):
    """Whether the solver finds a request; None where it cannot say."""
    action, key = z3.String("action"), z3.String("key")
    empty = z3.StringVal("")
    letter = z3.Union(z3.Range("a", "z"), z3.Range("0", "9"), z3.Re("_"))
    is_action = z3.InRe(action, z3.Concat(z3.Re("cos:"), z3.Plus(letter)))
    is_listing = z3.Or([action == name for name in LISTING_ACTIONS])
    is_object = z3.Or([action == name for name in OBJECT_ACTIONS])
    kinds = [
        ([key], z3.And(is_action, z3.Not(is_listing), z3.Length(key) > 0)),
        ([empty], z3.And(is_action, z3.Not(is_listing), z3.Not(is_object))),
        ([empty, key], is_listing),
    ]
    is_open = False
    for names, shape in kinds:
        solver = z3.Solver()
        solver.set("timeout", 1000)
        solver.add(shape, allows(narrow, action, names), z3.Not(allows(wide, action, names)))
        found = solver.check()
        if found == z3.sat:
            return True
        is_open = is_open or found == z3.unknown
    return None if is_open else False


def our_answers(pairs):
    lines = "".join(json.dumps([json.dumps(wide), json.dumps(narrow)]) + "\n" for wide, narrow in pairs)
    command = ["cargo", "run", "--quiet", "-p", "daypass-analysis", "--example", "compare_lines"]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True, cwd=WORKSPACE)
    return done.stdout.split()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    pairs = []
    for _ in range(arguments.cases):
        wide = random_policy(rng)
        pairs.append((wide, related_policy(rng, wide) if rng.random() < 0.7 else random_policy(rng)))
    counts = {"contained": 0, "not-contained": 0, "open": 0, "different": 0}
    for (wide, narrow), ours in zip(pairs, our_answers(pairs), strict=True):
        found = has_witness(wide, narrow)
        if found is None:
            counts["open"] += 1
        elif ours == ("not-contained" if found else "contained"):
            counts[ours] += 1
        else:
            counts["different"] += 1
            print(f"ours {ours}, z3 {found}:\n  {json.dumps(wide)}\n  {json.dumps(narrow)}", file=sys.stderr)
    agreed = counts["contained"] + counts["not-contained"]
    print(f"{arguments.cases} pairs (seed {arguments.seed}): {agreed} agree "
          f"({counts['contained']} contained, {counts['not-contained']} not), "
          f"{counts['different']} differ, {counts['open']} open to z3")
    return 1 if counts["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
