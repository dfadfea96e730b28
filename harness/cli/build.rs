//! Digests the sources of simulator, checkers and models, so that results are only ever continued by the rules that began
//! them, on whatever machine and with whatever profile they were built.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the package's folder"));
    let mut hasher = blake3::Hasher::new();
    for folder in ["../core", "../sim", "../check", "../search", "../../models", "."] {
        let mut files = Vec::new();
        collect(&here.join(folder), &mut files);
        files.sort();
        for file in files {
            println!("cargo::rerun-if-changed={}", file.display());
            let name = file.strip_prefix(&here).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            hasher.update(name.as_bytes());
            // Line endings are the checkout's choice, not a rule.
            hasher.update(fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n").as_bytes());
        }
    }
    println!("cargo::rustc-env=ACKPROOF_RULES={}", &hasher.finalize().to_hex()[..16]);
}

/// Every Rust source below `folder` that ends up in a binary.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "tests" && name != "benches" && name != "target" {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
