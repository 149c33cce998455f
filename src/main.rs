//! The `tk` program.

use std::process::ExitCode;

/// Reading every ticket of a large project on all cores is many small allocations at once,
/// for which the system's allocator asks the kernel thousands of times.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tk::cli::main()
}
