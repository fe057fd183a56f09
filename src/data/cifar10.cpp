#include "twofold/data/cifar10.hpp"

#include "data_error.hpp"
#include "packed_rows.hpp"
#include "twofold/data/row_range.hpp"

namespace twofold::data {

std::shared_ptr<const Source> open_cifar10(const std::filesystem::path& batch) {
  constexpr std::size_t record = 3073;
  const std::string name = batch.string();
  Bytes bytes = map_file(batch);
  if (bytes.data.size() % record != 0) {
    fail("data::open_cifar10", name,
         fmt::format("its {} bytes are not a multiple of {} (a label and 3072 pixels)",
                     bytes.data.size(), record),
         "it is truncated or not a CIFAR-10 binary batch; download it again");
  }
  PackedLayout layout;
  layout.type = ElementType::U1;
  layout.rows = bytes.data.size() / record;
  layout.columns = record - 1;
  layout.first_byte = 1;
  layout.row_stride = record;
  layout.image = {32, 32, 3};
  return std::make_shared<PackedRows>(std::move(bytes), std::move(layout), "CIFAR-10 batch", name);
}

std::shared_ptr<const Source> open_cifar10(const std::vector<std::filesystem::path>& batches) {
  std::vector<std::shared_ptr<const Source>> parts;
  parts.reserve(batches.size());
  for (const std::filesystem::path& batch : batches) parts.push_back(open_cifar10(batch));
  return concatenate(std::move(parts));
}

}  // namespace twofold::data
