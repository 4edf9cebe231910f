// The pose shading of METHOD 3 on a GPU: the twin of `src/render/software.rs` and of `pose_grey` in
// `src/render/shading.rs`. Networks are trained on this look: change neither alone, and neither at all once a
// bundle was trained on it.
//
// `vertex_mesh`/`fragment_mesh` draw every sample of a target that is `samples` times as large as the picture;
// `vertex_resolve`/`fragment_resolve` take the mean of each pixel's samples.

struct View {
    // Pixels: u = focal.x * x / z + centre.x, v = focal.y * y / z + centre.y.
    focal: vec2f,
    centre: vec2f,
    // Picture size, pixels.
    size: vec2f,
    // Depth of the near plane, metres.
    near: f32,
    // Samples along each side of a pixel.
    samples: u32,
    // Added to a world point after its y and z are negated, metres.
    translation: vec3f,
    // The constants of `shading.rs`.
    ambient: f32,
    diffuse: f32,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var samples_target: texture_2d<f32>;

struct Varying {
    @builtin(position) clip: vec4f,
    // Camera frame.
    @location(0) point: vec3f,
    @location(1) normal: vec3f,
}

@vertex
fn vertex_mesh(@location(0) position: vec3f, @location(1) normal: vec3f) -> Varying {
    let flip = vec3f(1.0, -1.0, -1.0);
    let point = position * flip + view.translation;
    let pixel = view.focal * point.xy + view.centre * point.z;
    let ndc = 2.0 * pixel / view.size - vec2f(point.z);
    var out: Varying;
    // Depth near / z grows towards the camera, like the software renderer's nearness.
    out.clip = vec4f(ndc.x, -ndc.y, view.near, point.z);
    out.point = point;
    out.normal = normal * flip;
    return out;
}

@fragment
fn fragment_mesh(in: Varying) -> @location(0) vec4f {
    let lengths = sqrt(dot(in.point, in.point) * dot(in.normal, in.normal));
    let facing = select(0.0, max(-dot(in.normal, in.point) / lengths, 0.0), lengths > 0.0);
    return vec4f(view.ambient + view.diffuse * facing);
}

@vertex
fn vertex_resolve(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
    // One triangle that covers the picture.
    return vec4f(f32(index & 1u) * 4.0 - 1.0, f32(index >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn fragment_resolve(@builtin(position) at: vec4f) -> @location(0) vec4f {
    let corner = vec2u(at.xy) * view.samples;
    var sum = 0.0;
    for (var y = 0u; y < view.samples; y++) {
        for (var x = 0u; x < view.samples; x++) {
            sum += textureLoad(samples_target, corner + vec2u(x, y), 0).r;
        }
    }
    return vec4f(vec3f(sum / f32(view.samples * view.samples)), 1.0);
}
