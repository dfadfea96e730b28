//! What is written to disk and what a reader sees.

mod baseline;
mod compare;
mod csv;
mod explain;
mod fixture;
mod github;
mod headline;
mod junit;
mod markdown;
mod page;
mod store;
mod summary;
mod text;
mod words;
