//! What a failing graphics card says, told apart from what is wrong with a network or its file.

use crate::engine::EngineError;

/// Words of CUDA, cuBLAS and Metal for too little memory.
const MEMORY: [&str; 5] = [
    "CUDA_ERROR_OUT_OF_MEMORY",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CURAND_STATUS_ALLOCATION_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "Insufficient Memory (kIOGPUCommandBufferCallbackErrorOutOfMemory",
];

/// Words for a card that fell out of the machine, or a driver that gave up on it.
const LOST: [&str; 12] = [
    "CUDA_ERROR_DEVICE_UNAVAILABLE",
    "CUDA_ERROR_ECC_UNCORRECTABLE",
    "CUDA_ERROR_HARDWARE_STACK_ERROR",
    "CUDA_ERROR_ILLEGAL_ADDRESS",
    "CUDA_ERROR_LAUNCH_FAILED",
    "CUDA_ERROR_LAUNCH_TIMEOUT",
    "CUDA_ERROR_NO_DEVICE",
    "CUDA_ERROR_SYSTEM_NOT_READY",
    "CUDA_ERROR_UNKNOWN",
    "CUBLAS_STATUS_EXECUTION_FAILED",
    "CUBLAS_STATUS_NOT_INITIALIZED",
    "kIOGPUCommandBufferCallbackErrorSubmissionsIgnored",
];

/// An error of candle's, as the engine's.
pub(in crate::engine) fn told_apart(error: candle_core::Error) -> EngineError {
    let text = error.to_string();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let reason = text.lines().next().unwrap_or_default().to_owned();
    if says(&MEMORY) {
        EngineError::DeviceMemory { reason }
    } else if says(&LOST) {
        EngineError::DeviceLost { reason }
    } else {
        EngineError::Candle(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Error;

    #[test]
    fn a_card_s_troubles_are_told_from_a_network_s() {
        let of = |text: &str| EngineError::from(Error::Msg(text.to_owned()));
        let memory = of(r#"DriverError(CUDA_ERROR_OUT_OF_MEMORY, "out of memory")"#);
        assert!(matches!(memory, EngineError::DeviceMemory { .. }), "{memory}");
        let lost = of(r#"DriverError(CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure")"#);
        assert!(matches!(lost, EngineError::DeviceLost { .. }), "{lost}");
        assert!(matches!(of("shape mismatch in matmul"), EngineError::Candle(_)));
    }

    #[test]
    fn a_trace_of_the_stack_does_not_reach_people() {
        let error = EngineError::from(Error::Msg("CUDA_ERROR_UNKNOWN\n  0: frame".to_owned()));
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}
