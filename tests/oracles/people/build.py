"""Builds the shape basis of the rendered people from MakeHuman's CC0 data; see the README beside this file.

    python build.py MPFB2_FOLDER OUT.npz

It has the open head's layout (tests/oracles/open_head) for a whole upper body, and more: directions in which
people differ, expressions, what each vertex belongs to, and the outlines of lids and lips.
"""

import heapq
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "open_head"))
import build as head  # noqa: E402

ROOT, OUT = sys.argv[1:3]
# Steps of all offsets, metres. MakeHuman's own targets have steps of 0.1 mm.
STEP = 5e-5
RACES = ["african", "asian", "caucasian"]
PARTS = ["body", "helper-l-eye", "helper-r-eye", "helper-upper-teeth", "helper-lower-teeth"]

# Local directions; of a pair `x-decr`, `x-incr` only the second: the first is its opposite, nearly.
# `l-` targets stand for both sides.
LOCAL = """
head/head-fat-incr head/head-scale-depth-incr head/head-scale-horiz-incr head/head-scale-vert-incr
head/head-back-scale-depth-incr head/head-oval head/head-round head/head-square head/head-rectangular
head/head-triangular head/head-invertedtriangular head/head-diamond head/head-age-incr
forehead/forehead-nubian-incr forehead/forehead-scale-vert-incr forehead/forehead-temple-incr
forehead/forehead-trans-forward
chin/chin-bones-incr chin/chin-height-incr chin/chin-jaw-drop-incr chin/chin-prognathism-incr
chin/chin-prominent-incr chin/chin-width-incr chin/chin-cleft-incr chin/chin-triangle
cheek/l-cheek-bones-incr cheek/l-cheek-inner-incr cheek/l-cheek-volume-incr cheek/l-cheek-trans-up
eyes/l-eye-bag-incr eyes/l-eye-corner1-up eyes/l-eye-corner2-up eyes/l-eye-epicanthus-in
eyes/l-eye-eyefold-down eyes/l-eye-eyefold-angle-up eyes/l-eye-eyefold-concave eyes/l-eye-height1-incr
eyes/l-eye-height2-incr eyes/l-eye-height3-incr eyes/l-eye-scale-incr eyes/l-eye-trans-up eyes/l-eye-trans-in
eyebrows/eyebrows-trans-up eyebrows/eyebrows-trans-forward eyebrows/eyebrows-angle-up
nose/nose-base-up nose/nose-compression-compress nose/nose-curve-convex nose/nose-flaring-incr
nose/nose-greek-incr nose/nose-hump-incr nose/nose-nostrils-angle-up nose/nose-nostrils-width-incr
nose/nose-point-up nose/nose-point-width-incr nose/nose-scale-depth-incr nose/nose-scale-horiz-incr
nose/nose-scale-vert-incr nose/nose-septumangle-incr nose/nose-trans-up nose/nose-volume-incr
nose/nose-width1-incr nose/nose-width2-incr nose/nose-width3-incr
mouth/mouth-angles-up mouth/mouth-cupidsbow-incr mouth/mouth-laugh-lines-in mouth/mouth-lowerlip-height-incr
mouth/mouth-lowerlip-volume-incr mouth/mouth-upperlip-height-incr mouth/mouth-upperlip-volume-incr
mouth/mouth-scale-horiz-incr mouth/mouth-scale-vert-incr mouth/mouth-trans-up mouth/mouth-trans-forward
mouth/mouth-philtrum-volume-incr mouth/mouth-dimples-in
ears/l-ear-flap-incr ears/l-ear-lobe-incr ears/l-ear-rot-backward ears/l-ear-scale-incr
ears/l-ear-scale-vert-incr ears/l-ear-shape-pointed ears/l-ear-shape-round ears/l-ear-shape-square
ears/l-ear-trans-up ears/l-ear-wing-incr
neck/neck-scale-depth-incr neck/neck-scale-horiz-incr neck/neck-double-incr torso/measure-shoulder-dist-incr
asym/asym-jaw-1-l asym/asym-mouth-1-l asym/asym-nose-1-l asym/asym-eye-1-l asym/asym-brown-1-l
asym/asym-cheek-1-l
""".split()

EXPRESSIONS = {
    "smile": {"mouthSmileLeft": 1, "mouthSmileRight": 1, "cheekSquintLeft": 0.5, "cheekSquintRight": 0.5},
    "smirk": {"mouthSmileLeft": 1},
    "jaw-open": {"jawOpen": 1},
    "lips-apart": {k + s: 0.6 for k in ("mouthUpperUp", "mouthLowerDown") for s in ("Left", "Right")},
    "brows-up": {"browInnerUp": 1, "browOuterUpLeft": 1, "browOuterUpRight": 1},
    "frown": {"browDownLeft": 1, "browDownRight": 1},
    "squint": {"eyeSquintLeft": 1, "eyeSquintRight": 1},
    "blink": {"eyeBlinkLeft": 1, "eyeBlinkRight": 1},
    "look-down": {"eyeLookDownLeft": 1, "eyeLookDownRight": 1},
    "look-up": {"eyeLookUpLeft": 1, "eyeLookUpRight": 1},
    "pucker": {"mouthPucker": 1},
}


def target(name, count):
    """Offsets of one target, metres."""
    offsets = np.zeros((count, 3))
    head.add_target(offsets, name, 0.1)
    return offsets


def both_sides(name, count):
    if "/l-" not in name:
        return target(name, count)
    return target(name, count) + target(name.replace("/l-", "/r-"), count)


def face_unit(name, count):
    offsets = np.zeros((count, 3))
    for line in open(f"{ROOT}/../faceunits01/targets/faceunits/{name}.target"):
        if line.strip() and not line.startswith("#"):
            vertex, *offset = line.split()
            offsets[int(vertex)] += 0.1 * np.array([float(x) for x in offset[:3]])
    return offsets


def macros(count):
    """The mean person's offsets, and how kinds of people differ from it."""
    kinds = {
        (race, sex): target(f"macrodetails/{race}-{sex}-young", count) for race in RACES for sex in ("female", "male")
    }

    def universal(sex, age, muscle, weight):
        return target(f"macrodetails/universal-{sex}-{age}-{muscle}muscle-{weight}weight", count)

    plain = {sex: universal(sex, "young", "average", "average") for sex in ("female", "male")}
    whole = {key: offsets + plain[key[1]] for key, offsets in kinds.items()}
    mean = sum(whole.values()) / len(whole)
    directions = {f"{race}-{sex}": offsets - mean for (race, sex), offsets in whole.items()}
    for sex in ("female", "male"):
        old = sum(target(f"macrodetails/{race}-{sex}-old", count) - kinds[race, sex] for race in RACES) / 3
        directions[f"old-{sex}"] = old + universal(sex, "old", "average", "average") - plain[sex]
        for name, muscle, weight in (("thin", "average", "min"), ("heavy", "average", "max"), ("strong", "max", "average")):
            directions[f"{name}-{sex}"] = universal(sex, "young", muscle, weight) - plain[sex]
    return mean, directions


def edge_path(neighbours, vertices, start, end):
    """Shortest way from vertex to vertex along edges, without the last."""
    best, before, open_ends = {start: 0.0}, {}, [(0.0, start)]
    while open_ends:
        length, vertex = heapq.heappop(open_ends)
        if vertex == end:
            break
        for other in neighbours[vertex]:
            longer = length + np.linalg.norm(vertices[vertex] - vertices[other])
            if longer < best.get(other, 1e9):
                best[other], before[other] = longer, vertex
                heapq.heappush(open_ends, (longer, other))
    path = [end]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[:0:-1]


def outline(neighbours, vertices, marks):
    """Along edges through landmarks, closed."""
    marks = list(marks)
    return sum((edge_path(neighbours, vertices, a, b) for a, b in zip(marks, marks[1:] + marks[:1])), [])


def main():
    base, faces, groups = head.base_mesh()
    count = len(base)
    mean, directions = macros(count)
    vertices = base / 10.0 + mean
    for name in LOCAL:
        directions[name.split("/")[1].removeprefix("l-")] = both_sides(name, count)
    expressions = {
        name: sum(weight * face_unit(unit, count) for unit, weight in units.items())
        for name, units in EXPRESSIONS.items()
    }
    rig = head.json.load(open(f"{ROOT}/rigs/standard/rig.default.json"))

    def joints_of(points):
        heads = head.bone_heads(points, rig)
        return np.array([heads[bone] for bone in head.JOINT_BONES])

    joints = joints_of(vertices)
    weights = head.skin_weights(count, rig)
    for group, joint in (("helper-l-eye", 23), ("helper-r-eye", 24), ("helper-upper-teeth", 15), ("helper-lower-teeth", 22)):
        chosen = np.unique([v for face, g in zip(faces, groups) if g == group for v in face])
        weights[chosen] = 0.0
        weights[chosen, joint] = 1.0
    strongest = np.argsort(-weights, 1)[:, :4]
    four = np.take_along_axis(weights, strongest, 1)
    with np.errstate(invalid="ignore"):
        four = np.nan_to_num(four / four.sum(1, keepdims=True))

    # Shaped heads keep their place: people differ in height, portraits do not.
    eyes = joints[[23, 24]].mean(0)
    moved = {}
    for name, offsets in (directions | expressions).items():
        joint_offsets = joints_of(vertices + offsets) - joints
        shift = joint_offsets[[23, 24]].mean(0) if name.endswith("male") else 0.0
        moved[name] = (offsets - shift, joint_offsets - shift)

    from_eyes = vertices - eyes
    arm = weights[:, 18:22].sum(1) + weights[:, 25:55].sum(1)
    inside = (from_eyes[:, 1] > -0.56) & (arm < 0.5)
    part_of = {name: index for index, name in enumerate(PARTS)}
    triangles, parts = [], np.zeros(count, np.uint8)
    neighbours = {}
    for face, group in zip(faces, groups):
        if group not in part_of:
            continue
        parts[face] = part_of[group]
        for k, vertex in enumerate(face):
            neighbours.setdefault(vertex, set()).update((face[k - 1], face[(k + 1) % len(face)]))
        if inside[face].all():
            triangles += [[face[0], face[k], face[k + 1]] for k in range(1, len(face) - 1)]
    triangles = np.array(triangles)
    used = np.unique(triangles)
    new = np.full(count, -1)
    new[used] = np.arange(len(used))

    marks = head.IBUG68
    lids = [outline(neighbours, vertices, marks[start:start + 6]) for start in (42, 36)]
    lips = [outline(neighbours, vertices, marks[48:60]), outline(neighbours, vertices, marks[60:68])]
    steps = lambda offsets: np.round(offsets / STEP).astype(np.int16)  # noqa: E731
    stack = lambda names, which: np.stack([steps(moved[name][which]) for name in names])  # noqa: E731
    shape_names, expression_names = list(directions), list(expressions)
    np.savez_compressed(
        OUT,
        v_template=vertices[used].astype(np.float32),
        f=new[triangles].astype(np.uint16),
        J=joints.astype(np.float32),
        parents=np.array(head.PARENTS, np.int32),
        w_idx=strongest[used].astype(np.uint8),
        w_val=four[used].astype(np.float32),
        ibug68=new[marks].astype(np.uint16),
        nose=np.uint16(new[head.NOSE]),
        lobe=new[head.LOBES].astype(np.uint16),
        shapes=stack(shape_names, 0)[:, used],
        shape_joints=stack(shape_names, 1),
        expressions=stack(expression_names, 0)[:, used],
        expression_joints=stack(expression_names, 1),
        part=parts[used],
        shape_names=np.frombuffer("\n".join(shape_names).encode(), np.uint8),
        expression_names=np.frombuffer("\n".join(expression_names).encode(), np.uint8),
        lid_left=new[lids[0]].astype(np.uint16),
        lid_right=new[lids[1]].astype(np.uint16),
        lips_outer=new[lips[0]].astype(np.uint16),
        lips_inner=new[lips[1]].astype(np.uint16),
    )
    print(f"{len(used)} vertices, {len(triangles)} triangles, {os.path.getsize(OUT)} bytes")
    print("lids", [len(lid) for lid in lids], "lips", [len(lip) for lip in lips])
    for kind, names in (("shapes", shape_names), ("expressions", expression_names)):
        print(kind, len(names), names)
    print("largest offset", max(np.abs(o[used]).max() for o, _ in moved.values()))


main()
