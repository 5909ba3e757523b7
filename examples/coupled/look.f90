! What step the lower half of the plate is at, and its highest temperature: look REGION
program look
  use, intrinsic :: iso_c_binding
  implicit none

  interface
    integer(c_int) function shma_open(name, expected, options, state) bind(c)
      import :: c_int, c_char, c_ptr
      character(kind=c_char), intent(in) :: name(*)
      type(c_ptr), value :: expected, options
      type(c_ptr), intent(out) :: state
    end function
    integer(c_int) function shma_field_open(state, name, kind, field) bind(c)
      import :: c_int, c_char, c_ptr
      type(c_ptr), value :: state
      character(kind=c_char), intent(in) :: name(*), kind(*)
      type(c_ptr), intent(out) :: field
    end function
    integer(c_int) function shma_read(field, into, bytes, version) bind(c)
      import :: c_int, c_ptr, c_size_t, c_double, c_int64_t
      type(c_ptr), value :: field
      integer(c_size_t), value :: bytes
      real(c_double), intent(out) :: into(*)
      integer(c_int64_t), intent(out) :: version
    end function
  end interface

  ! Fortran's first index is C's last one.
  real(c_double) :: half(65, 34)
  integer(c_int64_t) :: version
  type(c_ptr) :: state, field
  character(len=200) :: name

  call get_command_argument(1, name)
  if (shma_open(trim(name) // c_null_char, c_null_ptr, c_null_ptr, state) /= 0) stop 1
  if (shma_field_open(state, "lower" // c_null_char, "[[f64; 65]; 34]" // c_null_char, field) /= 0) stop 2
  if (shma_read(field, half, c_sizeof(half), version) /= 0) stop 3
  print '(a, i0, a, f8.6)', "step ", nint(half(1, 2)), ", at most ", maxval(half(2:, 2:33))
end program
