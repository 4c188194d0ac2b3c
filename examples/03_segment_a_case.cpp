// Lesson 3: from files to files. Reads a case, predicts it by sliding window, writes labels in the
// case's own geometry.
//   03_segment_a_case CASE_FOLDER WEIGHTS.safetensors OUTPUT.nii.gz
// WEIGHTS are those of `glia train --network unet-tiny`.
#include <cstdio>
#include <glia/glia.hpp>

using namespace glia;

using Net = UNet<Cpu<Float32>, Channels<4, 3>, Widths<8, 16, 32, 64>>;

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fprintf(stderr,
                 "usage: 03_segment_a_case CASE_FOLDER WEIGHTS.safetensors OUTPUT.nii.gz\n");
    return 2;
  }
  const Dataset dataset = find_cases(argv[1]);
  require_no_problems(dataset);  // or throws a DataError that names each file that is missing
  if (dataset.cases.size() != 1)
    throw DataError(std::string(argv[1]) + ": expected one case, got " + dataset.description);

  Context context;
  Model<Net> model{context};
  // Refuses weights of another network and names the tensor that differs.
  load_weights(argv[2], model);

  // In canonical orientation. Faults are exceptions; what is only odd is a warning.
  const Case whole = read_case(dataset.cases.front());
  for (const std::string& warning : whole.warnings)
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  const PreparedCase prepared = prepare(whole);  // cropped to the brain, z-scored

  // By sliding window, with the window of the training, which the weights know. Planes are labelled
  // as soon as no later window touches them: memory does not grow with the depth of the scan.
  const LabelVolume labels = predict_labels(model, prepared).labels;

  const LabelVolume restored =
      from_canonical(uncrop(labels, prepared.crop, prepared.original), whole.orientation);
  write_nifti_labels(argv[3], from_internal(restored, whole.scheme), whole.geometry);
  std::printf("wrote %s\n", argv[3]);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.exit_code();
}
