//! What `init` takes on the command line.

use std::path::PathBuf;

use clap::Args;

use super::template::Ci;

#[derive(Args, Debug)]
pub struct InitArgs {
    /// Your own files: .properties of brokers, topics and clients, compose files, .env files, Spring Boot's
    /// application.yml. producer=FILE says what a file is about that does not tell.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub from: Vec<PathBuf>,
    /// The container image that an image of your own is built from, with its tag, e.g. confluentinc/cp-kafka:7.6.0.
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
    /// An active profile of Spring Boot; may be given again.
    #[arg(long, value_name = "NAME")]
    pub profile: Vec<String>,
    /// The broker to ask about; without it the one that knows most of your files.
    #[arg(long, value_name = "BROKER")]
    pub broker: Option<String>,
    /// The scenario to write; - for standard output.
    #[arg(short, long, value_name = "FILE", default_value = "ackproof.yaml")]
    pub output: PathBuf,
    /// Also write the template of this CI system; it runs the scenario.
    #[arg(long, value_enum)]
    pub ci: Option<Ci>,
    /// Overwrite files that exist.
    #[arg(long)]
    pub force: bool,
}
