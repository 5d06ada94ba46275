//! The library face of the harness, in one binary.

mod capture;

mod corpus;
