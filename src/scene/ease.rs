//! Blends without a kink.

/// 0 at 0 and below, 1 at 1 and above, flat at both ends (smoothstep).
pub fn smooth(share: f32) -> f32 {
    let share = share.clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}
