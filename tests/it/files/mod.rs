//! What files say; those that are text are tested beside their readers.

mod workbook;
