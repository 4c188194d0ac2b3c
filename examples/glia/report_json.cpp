#include "report_json.hpp"

namespace glia::program {

Field::Field(std::shared_ptr<const File> file, const detail::Json* value, std::string name)
    : file_(std::move(file)), value_(value), name_(std::move(name)) {}

Field Field::open(const std::filesystem::path& file) {
  auto whole = std::make_shared<const File>(File{file, detail::parse_json(file)});
  const detail::Json* root = &whole->json;
  return {std::move(whole), root, ""};
}

Field Field::operator[](const std::string& key) const {
  if (const auto field = find(key)) return *field;
  detail::refuse_json(file_->path, name_.empty() ? key : name_ + "." + key, "nothing", "a value");
}

std::optional<Field> Field::find(const std::string& key) const {
  if (!value_->is_object()) refuse("an object");
  const auto found = value_->find(key);
  if (found == value_->end()) return std::nullopt;
  return Field(file_, &*found, name_.empty() ? key : name_ + "." + key);
}

std::vector<Field> Field::items() const {
  if (!value_->is_array()) refuse("a list");
  std::vector<Field> fields;
  for (std::size_t i = 0; i < value_->size(); ++i) {
    fields.push_back(Field(file_, &(*value_)[i], name_ + "[" + std::to_string(i) + "]"));
  }
  return fields;
}

double Field::number() const {
  if (!value_->is_number()) refuse("a number");
  return value_->get<double>();
}

std::uint64_t Field::count() const {
  if (!value_->is_number_unsigned()) refuse("a whole number that is not negative");
  return value_->get<std::uint64_t>();
}

std::string Field::text() const {
  if (!value_->is_string()) refuse("a text");
  return value_->get<std::string>();
}

void Field::refuse(const std::string& expected) const {
  constexpr std::size_t longest = 60;
  std::string got = value_->dump(-1, ' ', false, detail::Json::error_handler_t::replace);
  if (got.size() > longest) got = got.substr(0, longest) + "...";
  detail::refuse_json(file_->path, name_, got, expected);
}

}  // namespace glia::program
