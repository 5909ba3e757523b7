//! Programs in C and C++ on the installed library, with every compiler and standard that is here.

mod asan;
mod compilers;
mod cycles;
mod deaths;
mod exports;
mod hostile;
mod installed;
mod page;
mod prefix;
mod stories;
mod typed;
