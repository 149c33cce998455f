//! Three-way merge of ticket files.
