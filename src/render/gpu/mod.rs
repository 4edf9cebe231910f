//! The GPU renderer: what must move at the window's frame rate.
//!
//! It opens a device of its own and keeps its pipelines, mesh buffers and targets between pictures. Only
//! vertex and fragment shaders with uniforms, so every backend down to OpenGL ES runs it. It never panics: a
//! machine without a usable adapter gets a [`RenderError`] and draws in software instead.

mod pipelines;
mod targets;

use super::Mesh;
use super::shading::{AMBIENT, DIFFUSE, NEAR, SAMPLES};
use crate::scene::Camera;
use bytemuck::{Pod, Zeroable};
use image::RgbImage;
use pipelines::Pipelines;
use std::sync::{Arc, Mutex};
use targets::Targets;

/// Why the GPU drew nothing. The software renderer draws the same picture.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error(
        "no graphics adapter can be used; install a Vulkan, Metal, DirectX 12 or OpenGL driver, \
         or draw in software ({0})"
    )]
    NoAdapter(#[from] wgpu::RequestAdapterError),
    #[error(
        "the graphics adapter {adapter} refused to open; update its driver or draw in software ({source})"
    )]
    NoDevice { adapter: String, source: wgpu::RequestDeviceError },
    #[error(
        "a picture of {width} x {height} pixels is beyond this graphics adapter's {limit} a side; \
         choose a smaller size or draw in software"
    )]
    Size { width: u32, height: u32, limit: u32 },
    #[error("the mesh has {positions} positions but {normals} normals; load a complete body file")]
    Mesh { positions: usize, normals: usize },
    #[error("the graphics adapter failed while drawing; draw in software ({0})")]
    Device(String),
}

/// Constants of a picture, as `View` in `shaders/mesh.wgsl` lays them out.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct View {
    focal: [f32; 2],
    centre: [f32; 2],
    size: [f32; 2],
    near: f32,
    samples: u32,
    translation: [f32; 3],
    ambient: f32,
    diffuse: f32,
    padding: [f32; 3],
}

impl View {
    fn new(camera: &Camera, samples: u32) -> Self {
        Self {
            focal: camera.focal.as_vec2().to_array(),
            centre: camera.centre.as_vec2().to_array(),
            size: [camera.width as f32, camera.height as f32],
            near: NEAR,
            samples,
            translation: camera.translation.to_array(),
            ambient: AMBIENT,
            diffuse: DIFFUSE,
            padding: [0.0; 3],
        }
    }
}

/// Draws meshes offscreen on the machine's graphics adapter.
#[derive(Debug)]
pub struct GpuRenderer {
    device: wgpu::Device,
    queue: wgpu::Queue,
    adapter: String,
    pipelines: Pipelines,
    view: wgpu::Buffer,
    vertices: wgpu::Buffer,
    indices: wgpu::Buffer,
    targets: Option<Targets>,
    /// The first error that wgpu reported by itself since it was last taken.
    fault: Arc<Mutex<Option<String>>>,
}

impl GpuRenderer {
    /// Opens the machine's preferred adapter.
    pub fn new() -> Result<Self, RenderError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
        let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()))?;
        let info = adapter.get_info();
        let name = format!("{} ({})", info.name, info.backend);
        let limits = wgpu::Limits::downlevel_webgl2_defaults().using_resolution(adapter.limits());
        let opened = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("adorn render"),
            required_limits: limits,
            ..Default::default()
        }));
        let (device, queue) =
            opened.map_err(|source| RenderError::NoDevice { adapter: name.clone(), source })?;
        let fault = Arc::new(Mutex::new(None));
        let heard = Arc::clone(&fault);
        // Without a handler wgpu panics.
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            if let Ok(mut fault) = heard.lock() {
                fault.get_or_insert_with(|| error.to_string());
            }
        }));
        let pipelines = Pipelines::new(&device);
        let empty = |usage| buffer(&device, usage, 4);
        Ok(Self {
            view: buffer(&device, wgpu::BufferUsages::UNIFORM, size_of::<View>() as u64),
            vertices: empty(wgpu::BufferUsages::VERTEX),
            indices: empty(wgpu::BufferUsages::INDEX),
            targets: None,
            adapter: name,
            pipelines,
            fault,
            device,
            queue,
        })
    }

    /// Name of the adapter and its backend, for people.
    pub fn adapter(&self) -> &str {
        &self.adapter
    }

    /// The mesh on black in the pose shading of METHOD 3, antialiased, of the camera's picture size.
    ///
    /// The twin of [`software::render_pose`](super::software::render_pose). Pictures so large that the adapter
    /// cannot hold 4x4 samples a pixel get 2x2 or one.
    pub fn render_pose(&mut self, mesh: &Mesh<'_>, camera: &Camera) -> Result<RgbImage, RenderError> {
        let samples = self.samples(camera)?;
        self.upload(mesh)?;
        self.queue.write_buffer(&self.view, 0, bytemuck::bytes_of(&View::new(camera, samples)));
        let size = (camera.width, camera.height);
        let targets = match self.targets.take() {
            Some(targets) if targets.fits(size, samples) => targets,
            _ => Targets::new(&self.device, &self.pipelines, &self.view, size, samples),
        };
        let indices = (mesh.triangles.len() * 3) as u32;
        let commands = targets.draw(&self.device, &self.pipelines, &self.vertices, &self.indices, indices);
        self.queue.submit([commands]);
        let picture = targets.read(&self.device);
        self.fault()?;
        self.targets = Some(targets);
        picture
    }

    /// Samples a pixel's side that the adapter can hold at this size.
    fn samples(&self, camera: &Camera) -> Result<u32, RenderError> {
        let limit = self.device.limits().max_texture_dimension_2d;
        let (width, height) = (camera.width, camera.height);
        let longest = width.max(height);
        let wrong = RenderError::Size { width, height, limit };
        if width == 0 || height == 0 || longest > limit {
            return Err(wrong);
        }
        Ok([SAMPLES, 2].into_iter().find(|&samples| longest <= limit / samples).unwrap_or(1))
    }

    /// Brings the mesh to the device, leaving out triangles that name a missing vertex.
    fn upload(&mut self, mesh: &Mesh<'_>) -> Result<(), RenderError> {
        let (positions, normals) = (mesh.positions.len(), mesh.normals.len());
        if positions != normals {
            return Err(RenderError::Mesh { positions, normals });
        }
        let vertices: Vec<[f32; 6]> =
            mesh.positions.iter().zip(mesh.normals).map(|(p, n)| [p.x, p.y, p.z, n.x, n.y, n.z]).collect();
        let sound = |triangle: &[u32; 3]| triangle.iter().all(|&index| (index as usize) < positions);
        let indices: Vec<[u32; 3]> =
            mesh.triangles.iter().map(|triangle| if sound(triangle) { *triangle } else { [0; 3] }).collect();
        self.vertices = self.refill(&self.vertices, bytemuck::cast_slice(&vertices));
        self.indices = self.refill(&self.indices, bytemuck::cast_slice(&indices));
        Ok(())
    }

    /// `old` with new content, or a larger buffer when it does not fit.
    fn refill(&self, old: &wgpu::Buffer, content: &[u8]) -> wgpu::Buffer {
        let fits = old.size() >= content.len() as u64;
        let kept = if fits { old.clone() } else { buffer(&self.device, old.usage(), content.len() as u64) };
        self.queue.write_buffer(&kept, 0, content);
        kept
    }

    /// What wgpu reported by itself while drawing.
    fn fault(&self) -> Result<(), RenderError> {
        let fault = self.fault.lock().map(|mut fault| fault.take()).unwrap_or_default();
        fault.map_or(Ok(()), |message| Err(RenderError::Device(message)))
    }
}

fn buffer(device: &wgpu::Device, usage: wgpu::BufferUsages, size: u64) -> wgpu::Buffer {
    let usage = usage | wgpu::BufferUsages::COPY_DST;
    device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{BodyModel, PoseLibrary};
    use crate::render::shapes::{Shape, camera};
    use crate::render::software;
    use glam::Vec3;

    /// None, loudly, on a machine without an adapter; `ADORN_REQUIRE_GPU=1` makes that a failure.
    fn renderer() -> Option<GpuRenderer> {
        match GpuRenderer::new() {
            Ok(renderer) => Some(renderer),
            Err(error) if std::env::var_os("ADORN_REQUIRE_GPU").is_some_and(|value| value == "1") => {
                panic!("ADORN_REQUIRE_GPU=1, but: {error}")
            }
            Err(error) => {
                eprintln!("SKIPPED, NOT TESTED: the GPU twin was not compared, because {error}");
                None
            }
        }
    }

    /// Whether a pixel and its eight neighbours differ so little that no silhouette runs there.
    fn smooth(picture: &RgbImage, x: u32, y: u32) -> bool {
        let around = (y - 1..=y + 1).flat_map(|row| (x - 1..=x + 1).map(move |column| (column, row)));
        let greys: Vec<u8> = around.map(|(column, row)| picture.get_pixel(column, row).0[0]).collect();
        let lowest = greys.iter().min().copied().unwrap_or(0);
        let highest = greys.iter().max().copied().unwrap_or(0);
        lowest > 0 && highest - lowest < 24
    }

    #[test]
    fn both_renderers_draw_the_same_poses() {
        let Some(mut gpu) = renderer() else { return };
        let model = BodyModel::open_head().expect("the shipped head");
        let library = PoseLibrary::shipped().expect("the shipped poses");
        for template in library.templates() {
            let body = model.pose_head(template.angles);
            let mesh =
                Mesh { positions: &body.vertices, normals: &body.normals, triangles: model.triangles() };
            let camera = Camera::paper(&body);
            let drawn = gpu.render_pose(&mesh, &camera).expect("a picture");
            let twin = software::render_pose(&mesh, &camera);
            let (mut compared, mut apart) = (0, 0);
            for (x, y) in (1..255).flat_map(|y| (1..255).map(move |x| (x, y))) {
                let difference = drawn.get_pixel(x, y).0[0].abs_diff(twin.get_pixel(x, y).0[0]);
                if smooth(&twin, x, y) {
                    assert!(difference <= 2, "{} at {x}, {y}: {difference}", template.id);
                    compared += 1;
                } else if difference > 2 {
                    apart += 1;
                }
            }
            assert!(compared > 8_000, "{}: only {compared} pixels compared", template.id);
            assert!(apart < 100, "{}: {apart} silhouette pixels differ", template.id);
        }
    }

    #[test]
    fn one_renderer_draws_small_after_large_and_empty_after_full() {
        let Some(mut gpu) = renderer() else { return };
        let shape = Shape::sphere(Vec3::new(0.0, 0.0, -8.0), 0.1, 3);
        let nothing = Mesh { positions: &[], normals: &[], triangles: &[] };
        let large = gpu.render_pose(&shape.mesh(), &camera(130, 70, 3000.0)).expect("a picture");
        assert_eq!(large.dimensions(), (130, 70));
        assert!(large.get_pixel(65, 35).0[0] > 200);
        let small = gpu.render_pose(&nothing, &camera(16, 16, 3000.0)).expect("a picture");
        assert!(small.pixels().all(|pixel| pixel.0 == [0; 3]));
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error_and_not_a_panic() {
        let Some(mut gpu) = renderer() else { return };
        let shape = Shape::sphere(Vec3::new(0.0, 0.0, -8.0), 0.1, 1);
        let huge = gpu.render_pose(&shape.mesh(), &camera(60_000, 60_000, 1.0));
        assert!(matches!(huge, Err(RenderError::Size { .. })));
        let normals = &shape.normals[1..];
        let torn = Mesh { normals, ..shape.mesh() };
        assert!(matches!(gpu.render_pose(&torn, &camera(8, 8, 1.0)), Err(RenderError::Mesh { .. })));
        let loose = Mesh { triangles: &[[0, 1, 9_999]], ..shape.mesh() };
        let picture = gpu.render_pose(&loose, &camera(8, 8, 1.0)).expect("a picture");
        assert!(picture.pixels().all(|pixel| pixel.0 == [0; 3]));
    }
}
