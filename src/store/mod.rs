//! Tickets on the disk.
