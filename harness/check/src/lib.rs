//! Checkers: a History in, a verdict out.
