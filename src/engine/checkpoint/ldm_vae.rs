//! Single-file names of the autoencoder: CompVis' `AutoencoderKL`, whose decoder counts its levels from the
//! finest up.

/// Levels of an autoencoder; both names of a block are computed from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VaePlaces {
    pub(super) levels: usize,
    /// Residual blocks a level of the encoder; the decoder has one more.
    pub(super) layers: usize,
}

/// As deep as networks go here (`engine::config`).
const MOST_LAYERS: usize = 16;
const MOST_LEVELS: usize = 8;

impl VaePlaces {
    /// Reads the numbering off a file: `has` tells whether it holds a name.
    pub(super) fn of(has: impl Fn(&str) -> bool) -> Option<Self> {
        let block = |i: usize, j: usize| has(&format!("encoder.down.{i}.block.{j}.norm1.weight"));
        let levels = (0..MOST_LEVELS).take_while(|&i| block(i, 0)).count();
        let layers = (0..MOST_LAYERS).take_while(|&j| block(0, j)).count();
        (levels > 0).then_some(Self { levels, layers })
    }

    /// The single-file names of diffusers' `asked`, below the network's own prefix, newest first: some files
    /// kept diffusers' own names for the attention.
    pub(super) fn stored(self, asked: &str) -> Vec<String> {
        let parts: Vec<&str> = asked.split('.').collect();
        let one = |name: Option<String>| name.into_iter().collect();
        match parts.as_slice() {
            [half, "mid_block", "attentions", "0", inner @ ..] => {
                let own = inner.join(".");
                let renamed = attention(&own).map(|name| format!("{half}.mid.attn_1.{name}"));
                renamed.into_iter().chain([format!("{half}.mid.attn_1.{own}")]).collect()
            }
            [half, "mid_block", "resnets", j, inner @ ..] => one(number(j)
                .zip(residual(inner))
                .map(|(j, inner)| format!("{half}.mid.block_{}.{inner}", j + 1))),
            ["encoder", "down_blocks", i, "resnets", j, inner @ ..] => {
                one(residual(inner).map(|inner| format!("encoder.down.{i}.block.{j}.{inner}")))
            }
            ["encoder", "down_blocks", i, "downsamplers", "0", "conv", leaf] => {
                vec![format!("encoder.down.{i}.downsample.conv.{leaf}")]
            }
            ["decoder", "up_blocks", i, "resnets", j, inner @ ..] => one(self
                .turned(i)
                .zip(residual(inner))
                .map(|(i, inner)| format!("decoder.up.{i}.block.{j}.{inner}"))),
            ["decoder", "up_blocks", i, "upsamplers", "0", "conv", leaf] => {
                one(self.turned(i).map(|i| format!("decoder.up.{i}.upsample.conv.{leaf}")))
            }
            [half, "conv_norm_out", leaf] => vec![format!("{half}.norm_out.{leaf}")],
            [_, "conv_in" | "conv_out", _] | ["quant_conv" | "post_quant_conv", _] => vec![asked.to_owned()],
            _ => Vec::new(),
        }
    }

    /// Counted from the other end.
    fn turned(self, level: &str) -> Option<usize> {
        (self.levels - 1).checked_sub(number(level)?)
    }
}

fn number(text: &str) -> Option<usize> {
    text.parse().ok()
}

fn residual(inner: &[&str]) -> Option<String> {
    match inner {
        ["conv_shortcut", leaf] => Some(format!("nin_shortcut.{leaf}")),
        ["norm1" | "conv1" | "norm2" | "conv2", _] => Some(inner.join(".")),
        _ => None,
    }
}

fn attention(inner: &str) -> Option<String> {
    let pairs = [
        ("group_norm.", "norm."),
        ("to_q.", "q."),
        ("to_k.", "k."),
        ("to_v.", "v."),
        ("to_out.0.", "proj_out."),
        ("query.", "q."),
        ("key.", "k."),
        ("value.", "v."),
        ("proj_attn.", "proj_out."),
    ];
    let found = pairs.iter().find_map(|(new, old)| Some((inner.strip_prefix(new)?, old)));
    found.map(|(leaf, old)| format!("{old}{leaf}"))
}
