use std::marker::PhantomData;
use std::rc::Rc;

use shma_core::ShmElement;

#[derive(Clone, ShmElement)]
#[repr(C)]
struct Job {
    name: String,
    words: Vec<u32>,
    shared: Rc<f32>,
    pair: (u8, u8),
    of: PhantomData<f32>,
}

fn main() {}
