//! Single-file names of the denoiser and of ControlNets: CompVis' `UNetModel`, which numbers its blocks one
//! after another where diffusers counts level by level.
//!
//! The numbers follow from how many residual blocks a level has, so any depth is covered and no list is kept.

/// Residual blocks a level; both names of a block are computed from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct UNetPlaces {
    /// Residual blocks a level on the way down; one more on the way up.
    pub(in crate::engine) layers: usize,
    /// Which levels have transformers on the way up, coarsest first.
    pub(in crate::engine) attends_up: Vec<bool>,
    /// Convolutions of a ControlNet's hint between its first and its last.
    pub(in crate::engine) hint_blocks: usize,
}

impl UNetPlaces {
    /// Reads the numbering off a file: `has` tells whether it holds a name.
    ///
    /// None where blocks do not follow one another as `UNetModel` numbers them.
    pub(in crate::engine) fn of(has: impl Fn(&str) -> bool) -> Option<Self> {
        let block = |n: usize| has(&format!("input_blocks.{n}.0.in_layers.0.weight"));
        let halves = |n: usize| has(&format!("input_blocks.{n}.0.op.weight"));
        let layers = (1..=MOST_LAYERS).take_while(|&n| block(n)).count();
        let levels = 1 + (1..MOST_LEVELS).take_while(|i| halves(i * (layers + 1))).count();
        let whole = (0..levels).all(|i| (0..layers).all(|j| block(1 + i * (layers + 1) + j)));
        let ends = !block(levels * (layers + 1)) && !halves(levels * (layers + 1));
        if layers == 0 || !whole || !ends {
            return None;
        }
        let attends = |i: usize| has(&format!("output_blocks.{}.1.norm.weight", i * (layers + 1)));
        let hint = (0..).take_while(|i| has(&format!("input_hint_block.{}.weight", 2 * i))).count();
        Some(Self {
            layers,
            attends_up: (0..levels).map(attends).collect(),
            hint_blocks: hint.saturating_sub(2),
        })
    }

    /// The single-file name of diffusers' `asked`, below the network's own prefix. Names that only this
    /// project has stay as they are; none for a name of no block.
    pub(in crate::engine) fn stored(&self, asked: &str) -> Option<String> {
        let parts: Vec<&str> = asked.split('.').collect();
        let stride = self.layers + 1;
        Some(match parts.as_slice() {
            ["conv_in", leaf] => format!("input_blocks.0.0.{leaf}"),
            ["time_embedding", "linear_1", leaf] => format!("time_embed.0.{leaf}"),
            ["time_embedding", "linear_2", leaf] => format!("time_embed.2.{leaf}"),
            ["conv_norm_out", leaf] => format!("out.0.{leaf}"),
            ["conv_out", leaf] => format!("out.2.{leaf}"),
            ["down_blocks", i, "downsamplers", "0", "conv", leaf] => {
                format!("input_blocks.{}.0.op.{leaf}", (number(i)? + 1) * stride)
            }
            ["down_blocks", i, kind, j, inner @ ..] => {
                format!("input_blocks.{}.{}", 1 + number(i)? * stride + number(j)?, within(kind, inner)?)
            }
            ["mid_block", "resnets", j, inner @ ..] => {
                format!("middle_block.{}.{}", 2 * number(j)?, residual(inner)?)
            }
            ["mid_block", "attentions", "0", inner @ ..] => format!("middle_block.1.{}", inner.join(".")),
            ["up_blocks", i, "upsamplers", "0", "conv", leaf] => {
                let place = 1 + usize::from(*self.attends_up.get(number(i)?)?);
                format!("output_blocks.{}.{place}.conv.{leaf}", number(i)? * stride + self.layers)
            }
            ["up_blocks", i, kind, j, inner @ ..] => {
                format!("output_blocks.{}.{}", number(i)? * stride + number(j)?, within(kind, inner)?)
            }
            ["controlnet_down_blocks", i, leaf] => format!("zero_convs.{}.0.{leaf}", number(i)?),
            ["controlnet_mid_block", leaf] => format!("middle_block_out.0.{leaf}"),
            ["controlnet_cond_embedding", "conv_in", leaf] => format!("input_hint_block.0.{leaf}"),
            ["controlnet_cond_embedding", "blocks", i, leaf] => {
                format!("input_hint_block.{}.{leaf}", 2 * (number(i)? + 1))
            }
            ["controlnet_cond_embedding", "conv_out", leaf] => {
                format!("input_hint_block.{}.{leaf}", 2 * (self.hint_blocks + 1))
            }
            ["pose_proj" | "appearance_proj", _] => asked.to_owned(),
            _ => return None,
        })
    }
}

/// As deep as networks go here (`engine::config`).
const MOST_LAYERS: usize = 16;
const MOST_LEVELS: usize = 8;

/// The moving averages' name of a single-file name below the network's own prefix: all dots are lost.
pub(in crate::engine) fn averaged(stored: &str) -> String {
    format!("model_ema.diffusion_model{}", stored.replace('.', ""))
}

fn number(text: &str) -> Option<usize> {
    text.parse::<usize>().ok().filter(|&number| number < 1000)
}

/// A residual block stands at 0 of its place, the transformer after it at 1.
fn within(kind: &str, inner: &[&str]) -> Option<String> {
    match kind {
        "resnets" => Some(format!("0.{}", residual(inner)?)),
        "attentions" => Some(format!("1.{}", inner.join("."))),
        _ => None,
    }
}

fn residual(inner: &[&str]) -> Option<String> {
    let [part, leaf] = inner else { return None };
    let part = match *part {
        "norm1" => "in_layers.0",
        "conv1" => "in_layers.2",
        "time_emb_proj" => "emb_layers.1",
        "norm2" => "out_layers.0",
        "conv2" => "out_layers.3",
        "conv_shortcut" => "skip_connection",
        _ => return None,
    };
    Some(format!("{part}.{leaf}"))
}
