//! What a picture of one size is drawn into and read back from.

use super::RenderError;
use super::pipelines::{DEPTH_FORMAT, PICTURE_FORMAT, Pipelines, SAMPLE_FORMAT};
use image::RgbImage;
use std::sync::mpsc;

/// Textures and the read-back buffer of one picture size.
#[derive(Debug)]
pub(super) struct Targets {
    size: (u32, u32),
    samples: u32,
    sample_view: wgpu::TextureView,
    depth_view: wgpu::TextureView,
    picture: wgpu::Texture,
    picture_view: wgpu::TextureView,
    read_back: wgpu::Buffer,
    mesh_group: wgpu::BindGroup,
    resolve_group: wgpu::BindGroup,
}

impl Targets {
    pub(super) fn new(
        device: &wgpu::Device,
        pipelines: &Pipelines,
        view: &wgpu::Buffer,
        size: (u32, u32),
        samples: u32,
    ) -> Self {
        let attachment = wgpu::TextureUsages::RENDER_ATTACHMENT;
        let large = (size.0 * samples, size.1 * samples);
        let sample_view =
            texture(device, large, SAMPLE_FORMAT, attachment | wgpu::TextureUsages::TEXTURE_BINDING)
                .create_view(&Default::default());
        let depth_view = texture(device, large, DEPTH_FORMAT, attachment).create_view(&Default::default());
        let picture = texture(device, size, PICTURE_FORMAT, attachment | wgpu::TextureUsages::COPY_SRC);
        let view_entry = wgpu::BindGroupEntry { binding: 0, resource: view.as_entire_binding() };
        let samples_entry =
            wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::TextureView(&sample_view) };
        Self {
            mesh_group: group(device, &pipelines.mesh_layout, std::slice::from_ref(&view_entry)),
            resolve_group: group(device, &pipelines.resolve_layout, &[view_entry, samples_entry]),
            read_back: device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: u64::from(padded_row(size.0)) * u64::from(size.1),
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            }),
            picture_view: picture.create_view(&Default::default()),
            picture,
            sample_view,
            depth_view,
            size,
            samples,
        }
    }

    pub(super) fn fits(&self, size: (u32, u32), samples: u32) -> bool {
        self.size == size && self.samples == samples
    }

    /// Records both passes and the copy to the read-back buffer.
    pub(super) fn draw(
        &self,
        device: &wgpu::Device,
        pipelines: &Pipelines,
        vertices: &wgpu::Buffer,
        indices: &wgpu::Buffer,
        index_count: u32,
    ) -> wgpu::CommandBuffer {
        let mut encoder = device.create_command_encoder(&Default::default());
        let depth = wgpu::RenderPassDepthStencilAttachment {
            view: &self.depth_view,
            depth_ops: Some(wgpu::Operations {
                load: wgpu::LoadOp::Clear(0.0),
                store: wgpu::StoreOp::Discard,
            }),
            stencil_ops: None,
        };
        let mut pass = begin(&mut encoder, &self.sample_view, Some(depth));
        if index_count > 0 {
            pass.set_pipeline(&pipelines.mesh);
            pass.set_bind_group(0, &self.mesh_group, &[]);
            pass.set_vertex_buffer(0, vertices.slice(..));
            pass.set_index_buffer(indices.slice(..), wgpu::IndexFormat::Uint32);
            pass.draw_indexed(0..index_count, 0, 0..1);
        }
        drop(pass);
        let mut pass = begin(&mut encoder, &self.picture_view, None);
        pass.set_pipeline(&pipelines.resolve);
        pass.set_bind_group(0, &self.resolve_group, &[]);
        pass.draw(0..3, 0..1);
        drop(pass);
        let layout = wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(padded_row(self.size.0)),
            rows_per_image: None,
        };
        encoder.copy_texture_to_buffer(
            self.picture.as_image_copy(),
            wgpu::TexelCopyBufferInfo { buffer: &self.read_back, layout },
            extent(self.size),
        );
        encoder.finish()
    }

    /// Waits for the picture and copies it to memory.
    pub(super) fn read(&self, device: &wgpu::Device) -> Result<RgbImage, RenderError> {
        let failed = |reason: String| RenderError::Device(reason);
        let (sender, receiver) = mpsc::channel();
        self.read_back.slice(..).map_async(wgpu::MapMode::Read, move |result| {
            // The receiver is gone only when waiting already failed.
            let _ = sender.send(result);
        });
        device.poll(wgpu::PollType::wait_indefinitely()).map_err(|error| failed(error.to_string()))?;
        let mapped = receiver.try_recv().map_err(|error| failed(error.to_string()))?;
        mapped.map_err(|error| failed(error.to_string()))?;
        let mut picture = RgbImage::new(self.size.0, self.size.1);
        let bytes = self.read_back.get_mapped_range(..).map_err(|error| failed(error.to_string()))?;
        let rows = bytes.chunks_exact(padded_row(self.size.0) as usize);
        let pixels = rows.flat_map(|row| row.chunks_exact(4).take(self.size.0 as usize));
        for (to, from) in picture.chunks_exact_mut(3).zip(pixels) {
            to.copy_from_slice(&from[..3]);
        }
        drop(bytes);
        self.read_back.unmap();
        Ok(picture)
    }
}

/// Bytes of a read-back row: four a pixel, rounded up as wgpu asks.
fn padded_row(width: u32) -> u32 {
    (width * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT)
}

fn extent(size: (u32, u32)) -> wgpu::Extent3d {
    wgpu::Extent3d { width: size.0, height: size.1, depth_or_array_layers: 1 }
}

fn texture(
    device: &wgpu::Device,
    size: (u32, u32),
    format: wgpu::TextureFormat,
    usage: wgpu::TextureUsages,
) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: extent(size),
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage,
        view_formats: &[],
    })
}

fn group(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    entries: &[wgpu::BindGroupEntry<'_>],
) -> wgpu::BindGroup {
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries })
}

/// A pass that starts from black.
fn begin<'a>(
    encoder: &'a mut wgpu::CommandEncoder,
    view: &wgpu::TextureView,
    depth: Option<wgpu::RenderPassDepthStencilAttachment<'_>>,
) -> wgpu::RenderPass<'a> {
    let black =
        wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::BLACK), store: wgpu::StoreOp::Store };
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        color_attachments: &[Some(wgpu::RenderPassColorAttachment {
            view,
            depth_slice: None,
            resolve_target: None,
            ops: black,
        })],
        depth_stencil_attachment: depth,
        ..Default::default()
    })
}
