//! Tariffs: one contract for all of them, the parsers, and an endpoint that misbehaves in every way.

mod contract;
mod counting;
mod endpoint;
mod series;
mod server;

/// An error with its causes, as the command prints it.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
