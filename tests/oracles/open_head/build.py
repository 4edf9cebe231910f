"""Builds the default head from MakeHuman's CC0 data; see the README beside this file.

    python build.py MPFB2_FOLDER OUT.npz
"""

import gzip
import json
import sys

import numpy as np

ROOT, OUT = sys.argv[1:3]

# Vertices of MakeHuman's hm08 base mesh.
NOSE = 297
LOBES = [12041, 5442, 12340, 5743]  # pierced left, right; lowest left, right
EAR_TOPS = [12012, 5413]
IBUG68 = [
    5402, 5411, 5097, 866, 997, 740, 892, 916, 5296, 7618, 7594, 7460, 7691, 7571, 11712, 12010, 12001,
    255, 206, 204, 205, 208, 6983, 6980, 6979, 6981, 7024, 133, 131, 201, 297, 318, 332, 343, 7094, 7080,
    6781, 4848, 4865, 4869, 47, 41, 11487, 11483, 11466, 13377, 6825, 6831,
    500, 448, 461, 467, 7220, 7208, 7249, 7233, 7245, 496, 490, 478, 3708, 514, 474, 7261, 10376, 7236, 493, 481,
]

# SMPL-X: parents, the bone that gives each joint its place, the joint that each bone's weights go to.
PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15]
PARENTS += [j for k in range(5) for j in (20, 25 + 3 * k, 26 + 3 * k)]
PARENTS += [j for k in range(5) for j in (21, 40 + 3 * k, 41 + 3 * k)]
JOINT_BONES = [
    "root", "upperleg01.L", "upperleg01.R", "spine05", "lowerleg01.L", "lowerleg01.R", "spine03", "foot.L",
    "foot.R", "spine01", "toe1-1.L", "toe1-1.R", "neck01", "clavicle.L", "clavicle.R", "head", "upperarm01.L",
    "upperarm01.R", "lowerarm01.L", "lowerarm01.R", "wrist.L", "wrist.R", "jaw", "eye.L", "eye.R",
]
# SMPL-X counts index, middle, little, ring, thumb; MakeHuman counts from the thumb.
JOINT_BONES += [f"finger{f}-{k}.{side}" for side in "LR" for f in (2, 3, 5, 4, 1) for k in (1, 2, 3)]
BONE_JOINTS = {
    "neck01": 12, "neck02": 12, "head": 15, "jaw": 22, "eye.L": 23, "eye.R": 24, "clavicle.L": 13,
    "clavicle.R": 14, "shoulder01.L": 16, "shoulder01.R": 17, "lowerarm01.L": 18, "lowerarm01.R": 19,
    "wrist.L": 20, "wrist.R": 21, "root": 0, "spine05": 3, "spine04": 6, "spine03": 6, "spine02": 9,
    "spine01": 9, "breast.L": 9, "breast.R": 9,
}


def base_mesh():
    """Vertices in decimetres, polygons, and each polygon's group."""
    vertices, faces, groups, group = [], [], [], ""
    for line in open(f"{ROOT}/3dobjs/base.obj"):
        if line.startswith("v "):
            vertices.append([float(x) for x in line.split()[1:4]])
        elif line.startswith(("g ", "o ")):
            group = line.split()[1]
        elif line.startswith("f "):
            faces.append([int(corner.split("/")[0]) - 1 for corner in line.split()[1:]])
            groups.append(group)
    return np.array(vertices), faces, groups


def add_target(vertices, name, weight):
    """A target file lists `vertex dx dy dz`, decimetres."""
    for line in gzip.open(f"{ROOT}/targets/{name}.target.gz", "rt"):
        if line.strip() and not line.startswith("#"):
            vertex, *offset = line.split()
            vertices[int(vertex)] += weight * np.array([float(x) for x in offset[:3]])


def young_woman(vertices):
    vertices = vertices.copy()
    for race in ("african", "asian", "caucasian"):
        add_target(vertices, f"macrodetails/{race}-female-young", 1 / 3)
    add_target(vertices, "macrodetails/universal-female-young-averagemuscle-averageweight", 1.0)
    return vertices / 10.0  # metres


def bone_heads(vertices, rig):
    groups = json.load(open(f"{ROOT}/mesh_metadata/basemesh_vertex_groups.json"))

    def place(end):
        if end["strategy"] == "CUBE":
            ids = np.concatenate([np.arange(a, b + 1) for a, b in groups[end["cube_name"]]])
            return vertices[ids].mean(0)
        if end["strategy"] == "MEAN":
            return vertices[end["vertex_indices"]].mean(0)
        return vertices[end["vertex_index"]]

    return {bone: place(entry["head"]) for bone, entry in rig.items()}


def skin_weights(count, rig):
    """MakeHuman's bones folded onto SMPL-X's joints: [V, 55]."""
    bones = json.load(open(f"{ROOT}/rigs/standard/weights.default.json"))["weights"]
    total = np.zeros(count)
    for entries in bones.values():
        for vertex, weight in entries:
            total[vertex] += weight
    weights = np.zeros((count, 55))
    for bone, entries in bones.items():
        if bone == "neck03":
            joints = {12: 0.5, 15: 0.5}
        else:
            while bone not in BONE_JOINTS:
                bone = rig[bone]["parent"]
            joints = {BONE_JOINTS[bone]: 1.0}
        for vertex, weight in entries:
            for joint, share in joints.items():
                weights[vertex, joint] += share * weight / total[vertex]
    return weights


def turn(axis, degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


def in_camera(vertices, weights, joints, yaw, pitch, roll):
    """Posed as the program poses heads, nose at (0, 0, 8) m, x right, y down, z forward."""
    rotations = [np.eye(3)] * 55
    for joint, turned, tilted in ((0, 0.4, 0.0), (12, 0.3, 0.4), (15, 0.3, 0.6)):
        rotations[joint] = turn(1, yaw * turned) @ turn(0, pitch * tilted) @ turn(2, roll * tilted)
    world = np.zeros((55, 4, 4))
    for joint, parent in enumerate(PARENTS):
        local = np.eye(4)
        local[:3, :3] = rotations[joint]
        local[:3, 3] = joints[joint] - (joints[parent] if parent >= 0 else 0)
        world[joint] = local if parent < 0 else world[parent] @ local
    carry = world.copy()
    carry[:, :3, 3] -= np.einsum("jab,jb->ja", world[:, :3, :3], joints)
    blended = np.einsum("vj,jab->vab", weights, carry)
    posed = np.einsum("vab,vb->va", blended[:, :3, :3], vertices) + blended[:, :3, 3]
    posed = posed * [1, -1, -1]
    return posed - posed[NOSE] + [0, 0, 8.0]


def seen(points, triangles, size=512):
    """Indices of triangles that show in the paper's camera, by z-buffer at twice its size."""
    u = (5000 * points[:, 0] / points[:, 2] + 128) * size / 256
    v = (5000 * points[:, 1] / points[:, 2] + 128) * size / 256
    near = 1 / points[:, 2]
    normals = np.cross(points[triangles[:, 1]] - points[triangles[:, 0]], points[triangles[:, 2]] - points[triangles[:, 0]])
    depth, owner = np.zeros((size, size)), np.full((size, size), -1)
    for t in np.nonzero((normals * points[triangles[:, 0]]).sum(1) < 0)[0]:
        a, b, c = triangles[t]
        xs, ys = u[[a, b, c]], v[[a, b, c]]
        x0, x1 = max(int(np.floor(xs.min())), 0), min(int(np.ceil(xs.max())), size - 1)
        y0, y1 = max(int(np.floor(ys.min())), 0), min(int(np.ceil(ys.max())), size - 1)
        area = (ys[1] - ys[2]) * (xs[0] - xs[2]) + (xs[2] - xs[1]) * (ys[0] - ys[2])
        if x0 > x1 or y0 > y1 or abs(area) < 1e-12:
            continue
        x, y = np.meshgrid(np.arange(x0, x1 + 1) + 0.5, np.arange(y0, y1 + 1) + 0.5)
        w0 = ((ys[1] - ys[2]) * (x - xs[2]) + (xs[2] - xs[1]) * (y - ys[2])) / area
        w1 = ((ys[2] - ys[0]) * (x - xs[2]) + (xs[0] - xs[2]) * (y - ys[2])) / area
        w2 = 1 - w0 - w1
        z = w0 * near[a] + w1 * near[b] + w2 * near[c]
        box = (slice(y0, y1 + 1), slice(x0, x1 + 1))
        wins = (w0 >= 0) & (w1 >= 0) & (w2 >= 0) & (z > depth[box])
        depth[box][wins], owner[box][wins] = z[wins], t
    return np.unique(owner[owner >= 0])


def main():
    base, faces, groups = base_mesh()
    vertices = young_woman(base)
    rig = json.load(open(f"{ROOT}/rigs/standard/rig.default.json"))
    heads = bone_heads(vertices, rig)
    joints = np.array([heads[bone] for bone in JOINT_BONES])
    weights = skin_weights(len(vertices), rig)
    strongest = np.argsort(-weights, 1)[:, :4]
    four = np.take_along_axis(weights, strongest, 1)
    with np.errstate(invalid="ignore"):
        four /= four.sum(1, keepdims=True)  # helpers that no bone moves become NaN and are cropped away
    weights = np.zeros_like(weights)
    np.put_along_axis(weights, strongest, np.nan_to_num(four), 1)

    kept = {"body", "helper-l-eye", "helper-r-eye"}
    polygons = [face for face, group in zip(faces, groups) if group in kept]
    triangles = np.array([[f[0], f[k], f[k + 1]] for f in polygons for k in range(1, len(f) - 1)])
    from_nose = vertices - vertices[NOSE]
    inside = (from_nose[:, 1] > -0.40) & (np.abs(from_nose[:, 0]) < 0.30)
    triangles = triangles[inside[triangles].all(1)]

    # What any pose of a head shows, then two rings more so that poses in between show no holes.
    chosen = np.zeros(len(triangles), bool)
    sweep = [(yaw, pitch, 0) for yaw in range(-90, 91, 30) for pitch in (-25, 0, 25)]
    sweep += [(yaw, 0, roll) for yaw in (-60, 0, 60) for roll in (-20, 20)]
    for pose in sweep:
        chosen[seen(in_camera(vertices, weights, joints, *pose), triangles)] = True
    for _ in range(2):
        touched = np.zeros(len(vertices), bool)
        touched[triangles[chosen].ravel()] = True
        chosen = touched[triangles].any(1)

    triangles = triangles[chosen]
    used = np.unique(np.concatenate([triangles.ravel(), IBUG68, LOBES, EAR_TOPS, [NOSE]]))
    new = np.full(len(vertices), -1)
    new[used] = np.arange(len(used))
    np.savez_compressed(
        OUT,
        v_template=vertices[used].astype(np.float32),
        f=new[triangles].astype(np.uint16),
        J=joints.astype(np.float32),
        parents=np.array(PARENTS, np.int32),
        w_idx=strongest[used].astype(np.uint8),
        w_val=four[used].astype(np.float32),
        ibug68=new[IBUG68].astype(np.uint16),
        nose=np.uint16(new[NOSE]),
        lobe=new[LOBES].astype(np.uint16),
        hm08_vertex=used.astype(np.uint16),
    )
    print(f"{len(used)} vertices, {len(triangles)} triangles")


if __name__ == "__main__":
    main()
