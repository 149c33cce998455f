//! The `tk` program.

use std::path::Path;
use std::process::ExitCode;

use tk::context::Context;
use tk::run::process::SHIM_COMMAND;
use tk::run::shim::shim_main;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match (arguments.as_slice(), Context::from_process()) {
        ([command, dir], Ok(context)) if command == SHIM_COMMAND => {
            shim_main(&context, Path::new(dir))
        }
        _ => ExitCode::from(2),
    }
}
