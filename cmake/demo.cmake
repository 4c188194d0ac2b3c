# Makes a synthetic dataset, trains a network on part of it, segments the rest and scores the
# result: cmake -P cmake/demo.cmake. Progress goes to stderr. The last line of stdout is JSON:
# Dice per region of the network and of a baseline (every brain voxel is tumour), and the seconds
# of the whole job without the build.
include(${CMAKE_CURRENT_LIST_DIR}/setup.cmake)

build_preset(release glia_program)

set(glia ${root}/build/release/bin/glia)
set(work ${root}/build/demo)
file(REMOVE_RECURSE ${work})
string(TIMESTAMP start %s)

run(${glia} phantom ${work}/train --count 12 --seed 1 --extent 96x96x80)
run(${glia} phantom ${work}/held_out --count 4 --seed 2 --extent 96x96x80)
run(${glia} train ${work}/train --output ${work}/unet.safetensors --seed 42)
run(${glia} segment ${work}/held_out --model ${work}/unet.safetensors --output ${work}/segmented)
run(${glia} evaluate ${work}/segmented --truth ${work}/held_out --json ${work}/scores.json)

string(TIMESTAMP end %s)
math(EXPR seconds "${end} - ${start}")
file(READ ${work}/scores.json scores)
string(JSON dice GET "${scores}" dice)
string(JSON baseline GET "${scores}" baseline)
string(REGEX REPLACE "[ \n]+" "" line
       "{\"dice\":${dice},\"baseline\":${baseline},\"seconds\":${seconds}}")
execute_process(COMMAND ${CMAKE_COMMAND} -E echo ${line})
