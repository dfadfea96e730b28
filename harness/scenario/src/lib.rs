//! YAML scenarios and the brokers' own configuration files in, matrix cells out.
