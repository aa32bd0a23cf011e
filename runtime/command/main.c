// main() of compiled programs. Everything else takes the program as an argument.
#include "command.h"

int main(int argc, char **argv) {
    return nnrt_main(&nnrt_program_descriptor, argc, argv);
}
