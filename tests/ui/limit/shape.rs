use shma_core::Element;

type Eight<T> = [[[[[[[[T; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1];
type Most = Eight<Eight<Eight<Eight<Eight<Eight<Eight<Eight<u8>>>>>>>>;

const SHAPE: &[usize] = <[Most; 3] as Element>::SHAPE;

fn main() {
    let _ = SHAPE;
}
